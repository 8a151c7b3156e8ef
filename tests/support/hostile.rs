//! Weight files made to order, and what reading them must come to.

use std::io::{Cursor, Write};

use upwise_engine::weights::StateDict;
use upwise_engine::{Error, Model};

use super::data;

/// Reads a file as far as possible, every tensor included.
pub fn read(bytes: Vec<u8>) -> Result<Model, Error> {
    let dict = StateDict::from_bytes("hostile", bytes)?;
    for name in dict.names() {
        let shape = dict.shape(name).expect("a listed tensor").to_vec();
        let _ = dict.tensor_f32(name, &shape);
    }
    Model::from_state_dict(&dict)
}

/// The error's text; it must name the file and contain `part`.
pub fn refused(bytes: Vec<u8>, part: &str) {
    let error = match read(bytes) {
        Err(error) => error,
        Ok(_) => panic!("accepted, expected an error about {part:?}"),
    };
    let text = error.to_string();
    assert!(text.starts_with("hostile: "), "{text}");
    assert!(text.contains(part), "{text:?} does not mention {part:?}");
}

pub fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &vec![0; data]].concat()
}

/// Entries of `archive/`, stored.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let method = zip::CompressionMethod::Stored;
    zip_with(entries, method)
}

pub fn zip_with(entries: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer
            .start_file(format!("archive/{name}"), options)
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn pth(pickle: &[u8]) -> Vec<u8> {
    zip(&[("data.pkl", pickle), ("data/0", &[0; 64])])
}

/// Bytes of a file in `tests/goldens`.
pub fn committed(name: &str) -> Vec<u8> {
    std::fs::read(data::committed(name)).expect("a committed file")
}
