//! The corpus: made by other programs, and looked at by other programs.

mod seen;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{Folder, run};
use crate::pictures::{Pixels, png_bytes};
use crate::profiles;
pub use seen::{Seen, Shown, holds_density, output_name};

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
