//! The pickle of a `.pth` file, in a sound archive.
#![no_main]

#[path = "../weights.rs"]
mod weights;

use std::io::{Cursor, Write};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("archive/data.pkl", data), ("archive/data/0", &[0; 64])] {
        archive.start_file(name, options).expect("an entry");
        archive.write_all(bytes).expect("bytes");
    }
    weights::read(archive.finish().expect("an archive").into_inner());
});
