//! Prints what tells kinds of pictures apart, of PNG files, as tab-separated values, for `analyzer/recipe/content.py`.

mod support;

use support::Pixels;
use upwise_analyzer::OVERVIEW;
use upwise_analyzer::measures::{content, subject, text, traits};
use upwise_analyzer::survey::Overview;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names: Vec<_> = content::names().collect();
    println!("path\t{}", names.join("\t"));
    for path in std::env::args().skip(1) {
        let pixels = Pixels::read(&path)?;
        let (raster, picture) = (pixels.raster()?, pixels.place);
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
