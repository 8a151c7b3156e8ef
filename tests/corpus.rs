//! A corpus of files of every kind that the formats know, enlarged twice and looked at by programs that share no code
//! with upwise: ImageMagick for pixels, libvips for size, channels and depth, exiftool for profiles and tags.
//!
//! The files are made here, by `corpus/make.sh`, with the programs that it names. Without them the test says so and
//! is skipped, unless `UPWISE_REQUIRE_DATA=1`.

#[path = "support/command.rs"]
mod command;
#[path = "support/corpus/mod.rs"]
mod corpus;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;
#[path = "support/profiles.rs"]
#[allow(dead_code)]
mod profiles;

use corpus::{Corpus, Seen};

/// The largest mean difference, as a share of full scale, between a picture and its enlargement reduced again.
const LANCZOS_TOLERANCE: f64 = 0.012;
/// One step of 255: profiles that say the same in other numbers.
const PROFILE_TOLERANCE: f64 = 1.0 / 255.0;
/// A network may sharpen what it sees.
const NETWORK_TOLERANCE: f64 = 0.03;

#[test]
fn every_kind_of_file_comes_out_right() {
    let Some(corpus) = Corpus::make() else {
        return;
    };
    let before = corpus.look("in");
    assert!(before.len() >= 200, "only {} files", before.len());
    let mut wrong = Vec::new();
    for (folder, options, tolerance) in [
        (
            "lanczos",
            &["-n", "lanczos", "-s", "2"][..],
            LANCZOS_TOLERANCE,
        ),
        ("network", &["-s", "2"], NETWORK_TOLERANCE),
    ] {
        wrong.extend(corpus.enlarge(folder, options));
        let after = corpus.look(folder);
        for (name, before) in &before {
            match after.get(&corpus::output_name(name)) {
                Some(after) => wrong.extend(
                    differences(name, before, after, tolerance)
                        .into_iter()
                        .map(|what| format!("{folder}/{name}: {what}")),
                ),
                None => wrong.push(format!("{folder}/{name}: there is no output")),
            }
        }
    }
    // The same colours, in JPEG XL and in PNG.
    for profile in ["p3", "adobe"] {
        let [seen, expected] = ["profile-jxl", "profile"]
            .map(|kind| corpus.in_srgb(&format!("lanczos/{kind}-{profile}.png")));
        let (colour, _) = seen.distance(&expected);
        if colour > PROFILE_TOLERANCE {
            wrong.push(format!("{profile} in JPEG XL: colour is {colour:.4} off"));
        }
    }
    // AVIF is only written.
    for kind in ["rgb8", "rgba8", "grey8", "grey-alpha8", "rgb16"] {
        let (seen, expected) = corpus.through_avif(kind);
        let (colour, alpha) = seen.distance(&expected);
        if colour.max(alpha) > LANCZOS_TOLERANCE || seen.samples.len() != expected.samples.len() {
            wrong.push(format!(
                "avif/{kind}: colour is {colour:.4} off, alpha {alpha:.4}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong of {} files:\n{}",
        wrong.len(),
        before.len(),
        wrong.join("\n")
    );
    println!(
        "{} files, each enlarged by a filter and by a network: 0 wrong",
        before.len()
    );
}

/// What is wrong with an enlargement, in words.
fn differences(name: &str, before: &Seen, after: &Seen, tolerance: f64) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |what: &str, found: String, expected: String| {
        if found != expected {
            wrong.push(format!("{what} is {found}, not {expected}"));
        }
    };
    let size = |width: usize, height: usize| format!("{width}x{height}");
    let upright = (before.pixels.width, before.pixels.height);
    expect(
        "size",
        size(after.width, after.height),
        size(2 * upright.0, 2 * upright.1),
    );
    // Inks become colours, and floats the widest integers.
    let bands = match &before.interpretation[..] {
        "cmyk" => 3,
        // libvips makes colour of every GIF.
        _ if name == "gif-grey.gif" => 1,
        _ => before.bands,
    };
    expect("channels", after.bands.to_string(), bands.to_string());
    let depth = match &before.format[..] {
        "float" | "double" => "ushort",
        other => other,
    };
    expect("depth", after.format.clone(), depth.to_string());
    // exiftool does not look into JPEG XL: their colours are compared below.
    if before.interpretation != "cmyk" && !name.ends_with(".jxl") {
        expect(
            "profile",
            short(after.profile.as_deref()),
            short(before.profile.as_deref()),
        );
    }
    for (tag, value) in before.kept_tags(name) {
        let found = after.tags.get(&tag).cloned().unwrap_or_default();
        expect(&tag, found.to_string(), value.to_string());
    }
    for tag in ["IFD0:Orientation", "XMP-tiff:Orientation"] {
        let found = after.tags.get(tag).map_or("1".into(), ToString::to_string);
        expect(tag, found, "1".into());
    }
    for (tag, side) in [
        ("ExifIFD:ExifImageWidth", after.width),
        ("ExifIFD:ExifImageHeight", after.height),
    ] {
        if let Some(found) = after.tags.get(tag) {
            expect(tag, found.to_string(), side.to_string());
        }
    }
    if let Some(dpi) = before.dpi() {
        let turned =
            matches!(before.tags.get("IFD0:Orientation"), Some(o) if o.as_u64() >= Some(5));
        let dpi = if turned { (dpi.1, dpi.0) } else { dpi };
        let close = after.dpi().is_some_and(|found| {
            (found.0 / dpi.0 - 1.0).abs() < 0.01 && (found.1 / dpi.1 - 1.0).abs() < 0.01
        });
        if !close && corpus::holds_density(&corpus::output_name(name)) {
            wrong.push(format!("density is {:?}, not {dpi:?}", after.dpi()));
        }
    }
    if (after.pixels.width, after.pixels.height) == (2 * upright.0, 2 * upright.1) {
        let (colour, alpha) = after.pixels.halved().distance(&before.pixels);
        if colour > tolerance {
            wrong.push(format!("colour is {:.2} % off", 100.0 * colour));
        }
        if alpha > tolerance {
            wrong.push(format!("alpha is {:.2} % off", 100.0 * alpha));
        }
    }
    wrong
}

fn short(profile: Option<&str>) -> String {
    match profile {
        None => "none".into(),
        Some(text) => format!(
            "{} characters, {:x}",
            text.len(),
            text.bytes()
                .fold(7u32, |sum, b| sum.wrapping_mul(31) + u32::from(b))
        ),
    }
}
