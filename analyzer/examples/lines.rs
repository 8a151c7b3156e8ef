//! Prints the rows of marks of PNG files and their form, as tab-separated values, for `analyzer/recipe/lines.py`.

use std::fs::File;
use std::io::BufReader;

use upwise_analyzer::measures::text;
use upwise_analyzer::report::Place;
use upwise_analyzer::survey::Overview;
use upwise_analyzer::{OVERVIEW, Raster, Samples};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "path\tx\ty\twidth\theight\t{}",
        text::FORM.map(|(name, _)| name).join("\t")
    );
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
        for line in text::measure(&Overview::new(&raster, OVERVIEW), picture).lines {
            let Place {
                x,
                y,
                width,
                height,
            } = line.place;
            let form = text::FORM.map(|(_, form)| form(&line).to_string());
            println!("{path}\t{x}\t{y}\t{width}\t{height}\t{}", form.join("\t"));
        }
    }
    Ok(())
}
