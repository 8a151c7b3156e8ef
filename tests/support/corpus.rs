//! The corpus: made by other programs, and looked at by other programs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{Folder, run};
use crate::pictures::{Pixels, png_bytes};
use crate::profiles;

const WIDTH: usize = 64;
const HEIGHT: usize = 48;

/// Programs that `make.sh` and the comparison run, beside ImageMagick's.
const PROGRAMS: [&str; 8] = [
    "vips",
    "vipsheader",
    "exiftool",
    "tiffcp",
    "cjpeg",
    "cwebp",
    "cjxl",
    "avifdec",
];

/// What other programs see in a file.
pub struct Seen {
    pub width: usize,
    pub height: usize,
    pub bands: usize,
    /// `uchar`, `ushort`, `float`.
    pub format: String,
    /// libvips's name for the colour space.
    pub interpretation: String,
    /// The ICC profile in base 64.
    pub profile: Option<String>,
    /// Every tag, as `Group:Name`.
    pub tags: BTreeMap<String, Value>,
    /// Upright pixels.
    pub pixels: Shown,
}

impl Seen {
    /// Tags that an enlargement has to have as well.
    pub fn kept_tags(&self, name: &str) -> Vec<(String, Value)> {
        let output = output_name(name);
        let has_exif = !output.ends_with(".bmp");
        let has_iptc = output.ends_with(".jpg") || output.ends_with(".tif");
        const MAIN: [&str; 7] = [
            "Make",
            "Model",
            "Artist",
            "Copyright",
            "ImageDescription",
            "Software",
            "ModifyDate",
        ];
        const PIXELS: [&str; 3] = ["Orientation", "ExifImageWidth", "ExifImageHeight"];
        let keeps = |tag: &str| {
            let Some((group, name)) = tag.split_once(':') else {
                return false;
            };
            if PIXELS.contains(&name) {
                return false;
            }
            match group {
                "IFD0" => has_exif && MAIN.contains(&name),
                "ExifIFD" | "GPS" => has_exif,
                "IPTC" => has_iptc,
                _ => has_exif && group.starts_with("XMP-"),
            }
        };
        self.tags
            .iter()
            .filter(|(tag, _)| keeps(tag))
            .map(|(tag, value)| (tag.clone(), value.clone()))
            .collect()
    }

    /// Pixels per inch, wherever a format says it.
    pub fn dpi(&self) -> Option<(f64, f64)> {
        let number = |tag: &str| self.tags.get(tag).and_then(Value::as_f64);
        let pair = |x: &str, y: &str, scale: f64| Some((number(x)? * scale, number(y)? * scale));
        let scale = |tag: &str, inch: f64, cm: f64| match number(tag) {
            Some(unit) if unit == inch => Some(1.0),
            Some(unit) if unit == cm => Some(2.54),
            _ => None,
        };
        scale("JFIF:ResolutionUnit", 1.0, 2.0)
            .and_then(|s| pair("JFIF:XResolution", "JFIF:YResolution", s))
            .or_else(|| {
                number("PNG-pHYs:PixelUnits").filter(|&unit| unit == 1.0)?;
                pair("PNG-pHYs:PixelsPerUnitX", "PNG-pHYs:PixelsPerUnitY", 0.0254)
            })
            .or_else(|| {
                pair("File:PixelsPerMeterX", "File:PixelsPerMeterY", 0.0254).filter(|d| d.0 > 0.0)
            })
            .or_else(|| {
                let s = scale("IFD0:ResolutionUnit", 2.0, 3.0)?;
                pair("IFD0:XResolution", "IFD0:YResolution", s)
            })
    }
}

/// Red, green, blue and alpha, 0 to 1.
pub struct Shown {
    pub width: usize,
    pub height: usize,
    pub samples: Vec<[f64; 4]>,
}

impl Shown {
    /// Reads the "portable arbitrary map" that ImageMagick writes.
    fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let end = bytes.windows(8).position(|w| w == b"\nENDHDR\n")?;
        let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let value = |key: &str| {
            let line = header.lines().find(|line| line.starts_with(key))?;
            line[key.len()..].trim().parse::<usize>().ok()
        };
        let (width, height, depth) = (value("WIDTH")?, value("HEIGHT")?, value("DEPTH")?);
        let largest = value("MAXVAL")?;
        let wide = if largest > 255 { 2 } else { 1 };
        let numbers: Vec<f64> = bytes[end + 8..]
            .chunks_exact(wide)
            .map(|b| b.iter().fold(0, |sum, &b| sum * 256 + usize::from(b)) as f64 / largest as f64)
            .collect();
        let samples = numbers.chunks_exact(depth).map(|p| match *p {
            [v] => [v, v, v, 1.0],
            [v, a] => [v, v, v, a],
            [r, g, b] => [r, g, b, 1.0],
            _ => [p[0], p[1], p[2], p[3]],
        });
        let samples: Vec<_> = samples.collect();
        (samples.len() == width * height).then_some(Shown {
            width,
            height,
            samples,
        })
    }

    /// Every four pixels averaged, colours by their alpha.
    pub fn halved(&self) -> Shown {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let four = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .map(|(dx, dy)| self.samples[(2 * y + dy) * self.width + 2 * x + dx]);
                let alpha: f64 = four.iter().map(|p| p[3]).sum();
                let mut mean = [0.0, 0.0, 0.0, alpha / 4.0];
                for channel in 0..3 {
                    let sum: f64 = four.iter().map(|p| p[channel] * p[3]).sum();
                    mean[channel] = if alpha > 0.0 { sum / alpha } else { 0.0 };
                }
                samples.push(mean);
            }
        }
        Shown {
            width,
            height,
            samples,
        }
    }

    /// Mean differences of colour, where it shows in both, and of alpha.
    pub fn distance(&self, other: &Shown) -> (f64, f64) {
        let (mut colour, mut weight, mut alpha) = (0.0, 0.0, 0.0);
        for (a, b) in self.samples.iter().zip(&other.samples) {
            let shows = a[3].min(b[3]);
            weight += shows;
            let sum: f64 = (0..3).map(|c| (a[c] - b[c]).abs()).sum();
            colour += sum / 3.0 * shows;
            alpha += (a[3] - b[3]).abs();
        }
        (
            if weight > 0.0 { colour / weight } else { 0.0 },
            alpha / self.samples.len() as f64,
        )
    }
}

/// The name under which an input's enlargement is found: a format that is only read becomes PNG.
pub fn output_name(name: &str) -> String {
    let (stem, suffix) = name.split_once('.').expect("a suffix");
    match suffix {
        "png" | "jpg" | "webp" | "tif" | "bmp" => name.to_string(),
        _ => format!("{stem}.png"),
    }
}

/// Whether a format has a place for pixels per inch. That of WebP is EXIF, which is left as it is.
pub fn holds_density(name: &str) -> bool {
    !name.ends_with(".webp")
}

/// The files, their enlargements, and how they are looked at.
pub struct Corpus {
    folder: Folder,
    magick: String,
}

impl Corpus {
    /// Makes it, or says what is missing.
    pub fn make() -> Option<Corpus> {
        let magick = ["magick", "convert-im6.q16", "/usr/bin/convert"]
            .into_iter()
            .find(|program| exists(program));
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|p| !exists(p)).collect();
        let (Some(magick), true) = (magick, missing.is_empty()) else {
            let required = std::env::var_os("UPWISE_REQUIRE_DATA").is_some_and(|v| v == "1");
            assert!(
                !required,
                "required but missing: ImageMagick or {missing:?}"
            );
            eprintln!("skipped: ImageMagick or {missing:?} is not installed");
            return None;
        };
        let folder = Folder::new();
        base(&folder);
        let script = crate::data::root().join("tests/corpus/make.sh");
        let made = Command::new("sh")
            .arg(script)
            .current_dir(folder.at("in"))
            .env("IM", magick)
            .output()
            .expect("a shell");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        std::fs::rename(folder.at("in/base"), folder.at("base")).expect("a folder of its own");
        Some(Corpus {
            folder,
            magick: magick.to_string(),
        })
    }

    /// What a decoder of AVIF and the pictures that a base was made of come to: the enlargement to AVIF, reduced again,
    /// and the base.
    pub fn through_avif(&self, kind: &str) -> (Shown, Shown) {
        let base = self.folder.arg(&format!("base/{kind}.png"));
        let (avif, png) = (self.folder.arg("out.avif"), self.folder.arg("out.png"));
        run([
            "upscale",
            &base,
            "-n",
            "lanczos",
            "-s",
            "2",
            "-o",
            &avif,
            "--overwrite",
        ])
        .expect(0, &[]);
        let decoded = Command::new("avifdec").args([&avif, &png]).output();
        assert!(decoded.expect("avifdec").status.success(), "{kind}");
        (self.shown(&png).halved(), self.shown(&base))
    }

    /// A file of the corpus or of its enlargements, converted from its profile to sRGB by libvips.
    pub fn in_srgb(&self, name: &str) -> Shown {
        let (from, to) = (self.folder.arg(name), self.folder.arg("srgb.png"));
        let converted = Command::new("vips")
            .args(["icc_transform", &from, &to, "srgb", "--embedded"])
            .output();
        assert!(converted.expect("vips").status.success(), "{name}");
        self.shown(&to)
    }

    fn shown(&self, from: &str) -> Shown {
        let to = self.folder.at("shown.pam");
        let made = Command::new(&self.magick)
            .args([from, "-depth", "16", "-colorspace", "sRGB"])
            .arg(&to)
            .status();
        assert!(made.expect("ImageMagick").success(), "{from}");
        Shown::read(&to).expect("a map")
    }

    /// Enlarges all of it at once and returns what went wrong.
    pub fn enlarge(&self, to: &str, options: &[&str]) -> Vec<String> {
        let (from, to) = (self.folder.arg("in"), self.folder.arg(to));
        let mut arguments = vec!["upscale", &from, "-o", &to, "--json", "--quiet"];
        arguments.extend(options);
        let result = run(&arguments);
        let document = result.json();
        let items = document["items"].as_array().expect("items");
        items
            .iter()
            .filter_map(|item| item["error"]["message"].as_str())
            .map(String::from)
            .collect()
    }

    /// What other programs see in every file of a folder.
    pub fn look(&self, name: &str) -> BTreeMap<String, Seen> {
        let folder = self.folder.at(name);
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        // Beside the outputs lie the receipts of them.
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        let headers = self.headers(&folder, &names);
        let tags = tags(&folder);
        let dumps = self.dump(&folder, &names);
        let mut seen = BTreeMap::new();
        for name in names {
            let pixels = Shown::read(&dumps.join(format!("{name}.pam")));
            let tags = tags.get(&name).cloned().unwrap_or_default();
            let header = headers
                .get(&name)
                .cloned()
                .or_else(|| half_floats(&name, &tags));
            let Some((width, height, format, bands, interpretation)) = header else {
                panic!("libvips cannot read {name}");
            };
            let profile = tags
                .iter()
                .find(|(tag, _)| tag.ends_with(":ICC_Profile"))
                .and_then(|(_, value)| value.as_str().map(String::from));
            let one = Seen {
                width,
                height,
                bands,
                format,
                interpretation,
                profile,
                tags,
                pixels: pixels.unwrap_or_else(|| panic!("ImageMagick cannot read {name}")),
            };
            seen.insert(name, one);
        }
        seen
    }

    /// Width, height, sample format, channels and colour space, from libvips.
    fn headers(
        &self,
        folder: &Path,
        names: &[String],
    ) -> BTreeMap<String, (usize, usize, String, usize, String)> {
        let output = Command::new("vipsheader")
            .args(names)
            .current_dir(folder)
            .output()
            .expect("vipsheader");
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| {
                // in.png: 64x48 uchar, 3 bands, srgb, pngload
                let (name, rest) = line.split_once(": ")?;
                let mut parts = rest.split(", ");
                let (size, format) = parts.next()?.split_once(' ')?;
                let (width, height) = size.split_once('x')?;
                let bands = parts.next()?.split(' ').next()?.parse().ok()?;
                let entry = (
                    width.parse().ok()?,
                    height.parse().ok()?,
                    format.to_string(),
                    bands,
                    parts.next()?.to_string(),
                );
                Some((name.to_string(), entry))
            })
            .collect()
    }

    /// Every file as ImageMagick shows it; what it does not know goes through libvips first.
    fn dump(&self, folder: &Path, names: &[String]) -> PathBuf {
        let dumps = folder.with_extension("dumps");
        std::fs::create_dir_all(&dumps).expect("a folder");
        let mut shell = Command::new("sh")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut script = String::new();
        for name in names {
            let to = dumps.join(format!("{name}.pam"));
            let (magick, to) = (&self.magick, to.display());
            let finish = format!("-auto-orient -depth 16 -colorspace sRGB {to}\n");
            let turned = name.starts_with("orientation") && !name.ends_with(".jpg");
            if turned {
                // ImageMagick looks for the orientation in few formats.
                script += &format!("vips autorot {name} {to}.png\n{magick} {to}.png {finish}");
            } else if name.contains("cmyk-profile") && !name.ends_with(".png") {
                script += &format!(
                    "vips icc_transform {name} {to}.png srgb 2>/dev/null || cp {name} {to}.png\n{magick} {to}.png {finish}"
                );
            } else if name.ends_with(".jxl") {
                script += &format!("vips copy {name} {to}.png\n{magick} {to}.png {finish}");
            } else {
                script += &format!("{magick} '{name}[0]' {finish}");
            }
        }
        let mut stdin = shell.stdin.take().expect("a pipe");
        stdin.write_all(script.as_bytes()).expect("a script");
        drop(stdin);
        shell.wait().expect("an end");
        dumps
    }
}

/// What exiftool says of the only kind of file here that libvips does not read.
fn half_floats(
    name: &str,
    tags: &BTreeMap<String, Value>,
) -> Option<(usize, usize, String, usize, String)> {
    let number = |tag: &str| Some(tags.get(tag)?.as_u64()? as usize);
    name.contains("float16").then_some((
        number("IFD0:ImageWidth")?,
        number("IFD0:ImageHeight")?,
        "float".into(),
        number("IFD0:SamplesPerPixel")?,
        "scrgb".into(),
    ))
}

fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// What exiftool says of every file of a folder.
fn tags(folder: &Path) -> BTreeMap<String, BTreeMap<String, Value>> {
    let output = Command::new("exiftool")
        .args(["-q", "-j", "-G1", "-n", "-b", "-all", "-ICC_Profile"])
        .arg(folder)
        .output()
        .expect("exiftool");
    let files: Vec<BTreeMap<String, Value>> =
        serde_json::from_slice(&output.stdout).expect("JSON of exiftool");
    files
        .into_iter()
        .map(|tags| {
            let name = Path::new(tags["SourceFile"].as_str().expect("a name"));
            let name = name
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, tags)
        })
        .collect()
}

/// The pictures that all others are made from, and the profiles.
fn base(folder: &Folder) {
    let soft = |edge: f64| (0.5 + edge / 6.0).clamp(0.0, 1.0);
    let scene = |x: f64, y: f64| {
        let disc = soft(11.0 - (x - 22.0).hypot(y - 17.0));
        let wave = 0.12 * (x / 9.0).sin() * (y / 7.0).cos();
        [
            0.12 + 0.7 * x / WIDTH as f64 + wave,
            0.9 - 0.7 * y / HEIGHT as f64 - 0.3 * disc,
            0.25 + 0.5 * disc + 0.2 * (x + y) / 112.0,
        ]
    };
    let shows = |x: f64, y: f64| soft(19.0 - (x - 36.0).hypot((y - 26.0) * 1.3)) * 0.95;
    let kinds = [
        ("rgb", true, false),
        ("rgba", true, true),
        ("grey", false, false),
        ("grey-alpha", false, true),
    ];
    for (name, colour, alpha) in kinds {
        for sixteen in [false, true] {
            let largest = if sixteen { 65535.0 } else { 255.0 };
            let mut samples = Vec::new();
            for y in 0..HEIGHT {
                for x in 0..WIDTH {
                    let (x, y) = (x as f64, y as f64);
                    let rgb = scene(x, y);
                    let grey = [0.3 * rgb[0] + 0.5 * rgb[1] + 0.2 * rgb[2]];
                    let colours = if colour { &rgb[..] } else { &grey[..] };
                    let sample = |v: f64| (v * largest).round() as u16;
                    samples.extend(colours.iter().map(|&v| sample(v)));
                    if alpha {
                        samples.push(sample(shows(x, y)));
                    }
                }
            }
            let channels = samples.len() / (WIDTH * HEIGHT);
            let pixels = Pixels {
                sixteen,
                ..Pixels::new(WIDTH, HEIGHT, channels, samples)
            };
            let depth = if sixteen { 16 } else { 8 };
            folder.write(&format!("in/base/{name}{depth}.png"), &png_bytes(&pixels));
        }
    }
    for (name, profile) in profiles::all() {
        folder.write(&format!("in/base/{name}.icc"), &profile);
    }
}
