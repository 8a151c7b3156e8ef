//! PNG files for the examples that recipes run.

use std::fs::File;
use std::io::BufReader;

use upwise_analyzer::report::Place;
use upwise_analyzer::{Raster, Samples};

/// A picture of 8 bits a sample.
pub struct Pixels {
    data: Vec<u8>,
    channels: usize,
    /// All of it.
    pub place: Place,
}

impl Pixels {
    /// Reads a PNG file of 8 bits.
    pub fn read(path: &str) -> Result<Pixels, Box<dyn std::error::Error>> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
        let mut data = vec![0; reader.output_buffer_size().ok_or("too large")?];
        let info = reader.next_frame(&mut data)?;
        let place = Place {
            x: 0,
            y: 0,
            width: info.width as usize,
            height: info.height as usize,
        };
        let channels = info.color_type.samples();
        Ok(Pixels {
            data,
            channels,
            place,
        })
    }

    /// As the analyzer takes it.
    pub fn raster(&self) -> Result<Raster<'_>, Box<dyn std::error::Error>> {
        let Place { width, height, .. } = self.place;
        Ok(Raster::new(
            width,
            height,
            self.channels,
            Samples::U8(&self.data),
        )?)
    }
}
