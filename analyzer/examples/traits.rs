//! Prints the traits of PNG files as tab-separated values, for `analyzer/recipe/content.py`.

use std::fs::File;
use std::io::BufReader;

use upwise_analyzer::measures::traits::{self, Traits};
use upwise_analyzer::survey::Overview;
use upwise_analyzer::{OVERVIEW, Raster, Samples};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "path\tsame\tflat\tstrokes\teight_colours\tpalette\tsaturation\tsmooth\ttexture\tspread\tentropy\ttwo_toned\tfloor\t\
         plain_border"
    );
    for path in std::env::args().skip(1) {
        let mut reader = png::Decoder::new(BufReader::new(File::open(&path)?)).read_info()?;
        let mut data = vec![0; reader.output_buffer_size().ok_or("too large")?];
        let info = reader.next_frame(&mut data)?;
        let (width, height) = (info.width as usize, info.height as usize);
        let channels = info.color_type.samples();
        let raster = Raster::new(width, height, channels, Samples::U8(&data))?;
        let found = traits::measure(&raster, &Overview::new(&raster, OVERVIEW));
        let Traits {
            same,
            flat,
            strokes,
            eight_colours,
            palette,
            saturation,
            smooth,
            texture,
            spread,
            entropy,
            two_toned,
            floor,
            plain_border,
            ..
        } = found.ok_or("too small")?;
        println!(
            "{path}\t{same}\t{flat}\t{strokes}\t{eight_colours}\t{palette}\t{saturation}\t{smooth}\t{texture}\t{spread}\t\
             {entropy}\t{two_toned}\t{floor}\t{plain_border}"
        );
    }
    Ok(())
}
