//! Prints the rows of marks of PNG files and their form, as tab-separated values, for `analyzer/recipe/lines.py`.

mod support;

use support::Pixels;
use upwise_analyzer::OVERVIEW;
use upwise_analyzer::measures::text;
use upwise_analyzer::report::Place;
use upwise_analyzer::survey::Overview;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names = text::FORM.map(|(name, _)| name);
    println!("path\tx\ty\twidth\theight\t{}", names.join("\t"));
    for path in std::env::args().skip(1) {
        let pixels = Pixels::read(&path)?;
        let overview = Overview::new(&pixels.raster()?, OVERVIEW);
        for line in text::measure(&overview, pixels.place).lines {
            let Place {
                x,
                y,
                width,
                height,
            } = line.place;
            let form = text::FORM.map(|(_, feature)| feature(&line).to_string());
            println!("{path}\t{x}\t{y}\t{width}\t{height}\t{}", form.join("\t"));
        }
    }
    Ok(())
}
