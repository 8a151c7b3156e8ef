//! The picture on its page, and the layers that can be laid over it.

use std::fmt::Write;

use maud::{Markup, html};
use upwise_analyzer::report::{Map, Place};

use super::parts::{data_uri, file_uri};
use crate::picture::{Format, PictureError};
use crate::triage::canvas::Canvas;
use crate::triage::look::Look;
use crate::triage::marks::{self, Mark, Rgb};
use crate::triage::words;

/// Longer side of the picture on the page; a larger one is reduced.
const LONGEST: usize = 1600;
/// Longer side up to which a picture goes onto the page without loss.
const LOSSLESS: usize = 512;

/// The picture with what can be laid over it.
pub(super) fn stage(look: &Look) -> Result<Markup, String> {
    let (width, height) = (look.picture.width, look.picture.height);
    let canvas = Canvas::reduced(&look.picture, LONGEST).map_err(|e| e.to_string())?;
    let lossless = look.picture.alpha || width.max(height) <= LOSSLESS;
    let format = if lossless { Format::Png } else { Format::Jpeg };
    let picture = data_uri(&canvas, format).map_err(|e| e.to_string())?;
    let marks = marks::marks(&look.analysis);
    let maps: Vec<&Map> = marks::maps(&look.analysis).collect();
    let mut layers = Vec::new();
    for map in &maps {
        layers.push((map, map_uri(map).map_err(|e| e.to_string())?));
    }
    let small = if width.max(height) < 400 {
        " small"
    } else {
        ""
    };
    let alt = format!(
        "{}: {width} by {height} pixels",
        words::content(look.analysis.content)
    );
    // A long panorama or a tall column must not fill more than a screen.
    let share = (width as f64 / height as f64).min(100.0);
    let bounds = format!("--ratio:{share:.4}; aspect-ratio:{width}/{height}");
    let of = |inspect: bool| marks.iter().filter(move |mark| mark.inspect == inspect);
    Ok(html! {
        @if of(false).next().is_some() { (toggle("layer-found", "places", None, true)) }
        @if of(true).next().is_some() { (toggle("layer-inspect", "to inspect", None, true)) }
        @for (map, _) in &layers {
            (toggle(&map_id(map), words::measure(map.measure), Some(marks::colour(map.measure)), true))
        }
        div class={ "stage" (small) } style=(bounds) {
            img src=(picture) alt=(alt) width=(canvas.width) height=(canvas.height);
            @for (map, uri) in &layers {
                img class={ "map " (map_id(map)) } src=(uri) alt="" style=(map_size(map, width, height));
            }
            @for (class, inspect) in [("layer-found", false), ("layer-inspect", true)] {
                div class={ "layer " (class) } aria-hidden="true" {
                    @for mark in of(inspect) { (boxed(mark, width, height)) }
                }
            }
        }
    })
}

/// The size of a map in shares of the picture: its last cells may reach beyond it.
fn map_size(map: &Map, width: usize, height: usize) -> String {
    let share = |cells: usize, side: usize| (cells * map.side) as f64 * 100.0 / side as f64;
    let (across, down) = (share(map.columns, width), share(map.rows, height));
    format!("width:{across:.3}%;height:{down:.3}%")
}

fn map_id(map: &Map) -> String {
    format!(
        "map-{}",
        words::measure(map.measure).to_lowercase().replace(' ', "-")
    )
}

/// A check box before the stage that shows and hides a layer, without a script.
fn toggle(id: &str, label: &str, colour: Option<Rgb>, on: bool) -> Markup {
    html! {
        input .toggle type="checkbox" id=(id) checked[on];
        label for=(id) {
            @if let Some(colour) = colour { span .swatch style={ "background:" (css(colour)) } {} }
            (label)
        }
    }
}

/// The rules that hide the layers whose boxes are not checked.
pub(super) fn layer_style(look: &Look) -> String {
    let mut style = String::new();
    let maps = marks::maps(&look.analysis).map(map_id);
    for id in ["layer-found".into(), "layer-inspect".into()]
        .into_iter()
        .chain(maps)
    {
        let _ = writeln!(style, "#{id}:not(:checked)~.stage .{id}{{display:none}}");
    }
    style
}

fn css([r, g, b]: Rgb) -> String {
    format!("rgb({r} {g} {b})")
}

/// A map as a picture of a pixel a cell, the browser enlarges it.
fn map_uri(map: &Map) -> Result<String, PictureError> {
    let [r, g, b] = marks::colour(map.measure);
    let pixels = map.cells.iter().flat_map(|&cell| {
        let alpha = (cell.clamp(0.0, 1.0) * 165.0) as u8;
        [r, g, b, alpha]
    });
    let pixels: Vec<u8> = pixels.collect();
    let mut file = Vec::new();
    let failed = |e: png::EncodingError| PictureError::Io(std::io::Error::other(e));
    let mut encoder = png::Encoder::new(&mut file, map.columns as u32, map.rows as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file_uri(Format::Png, &file))
}

/// A mark as a box at its place, in shares of the picture.
fn boxed(mark: &Mark, width: usize, height: usize) -> Markup {
    let share = |part: usize, whole: usize| part as f64 * 100.0 / whole as f64;
    let Place {
        x,
        y,
        width: w,
        height: h,
    } = mark.place;
    let style = format!(
        "left:{:.3}%;top:{:.3}%;width:{:.3}%;height:{:.3}%;--mark:{}",
        share(x, width),
        share(y, height),
        share(w, width),
        share(h, height),
        css(mark.colour),
    );
    // Near the upper edge there is no room above the box.
    let inside = if share(y, height) < 6.0 {
        " inside"
    } else {
        ""
    };
    html! { div class={ "mark" (inside) } style=(style) { @if let Some(label) = &mark.label { span { (label) } } } }
}
