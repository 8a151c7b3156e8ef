//! Prints what tells kinds of pictures apart, of PNG files, as tab-separated values, for `analyzer/recipe/content.py`.

use std::fs::File;
use std::io::BufReader;

use upwise_analyzer::measures::{content, subject, text, traits};
use upwise_analyzer::report::Place;
use upwise_analyzer::survey::Overview;
use upwise_analyzer::{OVERVIEW, Raster, Samples};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names: Vec<_> = content::names().collect();
    println!("path\t{}", names.join("\t"));
    for path in std::env::args().skip(1) {
        let mut reader = png::Decoder::new(BufReader::new(File::open(&path)?)).read_info()?;
        let mut data = vec![0; reader.output_buffer_size().ok_or("too large")?];
        let info = reader.next_frame(&mut data)?;
        let (width, height) = (info.width as usize, info.height as usize);
        let raster = Raster::new(width, height, info.color_type.samples(), Samples::U8(&data))?;
        let picture = Place {
            x: 0,
            y: 0,
            width,
            height,
        };
        let overview = Overview::new(&raster, OVERVIEW);
        let small = overview.reduced(subject::SIDE);
        let found = traits::measure(&raster, &overview, &small).ok_or("too small")?;
        let row = content::features(
            &found,
            &text::measure(&overview, picture),
            subject::measure(&small, picture).as_ref(),
        );
        let cells: Vec<_> = row
            .iter()
            .map(|v| v.map_or(String::new(), |v| v.to_string()))
            .collect();
        println!("{path}\t{}", cells.join("\t"));
    }
    Ok(())
}
