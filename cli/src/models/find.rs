//! Names to models: embedded ones first, then files in the folders that were given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use upwise_engine::Model;
use upwise_weights::{Embedded, Family, Tier};

use crate::failure::Failure;

/// The name that leaves the choice to upwise.
const AUTO: &str = "auto";

/// Suffixes of weight files, the preferred one first.
const SUFFIXES: [&str; 3] = ["safetensors", "pth", "pt"];

/// Ways to enlarge without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resampler {
    /// Windowed sinc over three lobes, in linear light.
    Lanczos,
    /// Cubic convolution, in linear light.
    Bicubic,
    /// Every pixel becomes a block.
    Nearest,
}

/// What enlarges a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A resampling filter.
    Resampler(Resampler),
    /// A network.
    Model(Found),
}

impl Choice {
    /// Its name, for reports.
    pub fn name(&self) -> &str {
        match self {
            Choice::Resampler(Resampler::Lanczos) => "lanczos",
            Choice::Resampler(Resampler::Bicubic) => "bicubic",
            Choice::Resampler(Resampler::Nearest) => "nearest",
            Choice::Model(found) => &found.name,
        }
    }

    /// The factor of a model that ships.
    pub fn scale(&self) -> Option<f64> {
        match self {
            Choice::Model(Found {
                source: Source::Embedded(model),
                ..
            }) => Some(model.scale as f64),
            _ => None,
        }
    }
}

/// A model that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is called.
    pub name: String,
    /// Where its weights are.
    pub source: Source,
}

/// Where weights are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the binary.
    Embedded(&'static Embedded),
    /// In a file.
    File(PathBuf),
}

/// What is asked for with `-n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Whatever suits the picture.
    Auto,
    /// A family; which of its models depends on the factor.
    Family(Family),
    /// This and nothing else.
    One(Choice),
}

impl Wish {
    /// What `-n NAME` stands for, and its absence.
    pub fn new(name: Option<&str>, folders: &[PathBuf]) -> Result<Self, Failure> {
        let resampler = |resampler| Ok(Wish::One(Choice::Resampler(resampler)));
        let name = match name {
            None | Some(AUTO) => return Ok(Wish::Auto),
            Some("lanczos") => return resampler(Resampler::Lanczos),
            Some("bicubic") => return resampler(Resampler::Bicubic),
            Some("nearest") => return resampler(Resampler::Nearest),
            Some(name) => name,
        };
        match name.parse() {
            Ok(family) => Ok(Wish::Family(family)),
            Err(_) => by_name(name, folders).map(|found| Wish::One(Choice::Model(found))),
        }
    }

    /// Its name, for reports.
    pub fn name(&self) -> &str {
        match self {
            Wish::Auto => AUTO,
            Wish::Family(family) => family.name(),
            Wish::One(choice) => choice.name(),
        }
    }

    /// What enlarges a picture by `factor` whose content suits `family`.
    pub fn choice(&self, tier: Tier, family: Family, factor: f64) -> Choice {
        let family = match self {
            Wish::Auto => family,
            Wish::Family(family) => *family,
            Wish::One(choice) => return choice.clone(),
        };
        Choice::Model(embedded(upwise_weights::select(family, tier, factor)))
    }
}

/// A network by its name or file; families and resamplers do not count.
pub fn by_name(name: &str, folders: &[PathBuf]) -> Result<Found, Failure> {
    if let Some(model) = upwise_weights::find(name) {
        return Ok(embedded(model));
    }
    let file = |path: PathBuf| Found {
        name: stem(&path),
        source: Source::File(path),
    };
    let path = Path::new(name);
    let is_weights = |path: &Path| has_weight_suffix(path) || path.components().count() > 1;
    if path.is_file() && is_weights(path) {
        return Ok(file(path.to_path_buf()));
    }
    let is_other = path.is_file() && path.extension().is_some();
    // A name has no folder in it: a path is only ever itself.
    if path.components().count() == 1 {
        for folder in folders {
            let exact = folder.join(name);
            if has_weight_suffix(&exact) && exact.is_file() {
                return Ok(file(exact));
            }
            for suffix in SUFFIXES {
                let path = folder.join(format!("{name}.{suffix}"));
                if path.is_file() {
                    return Ok(file(path));
                }
            }
        }
    } else if path.is_dir() {
        return Err(Failure::Model(format!("model {name}: it is a folder")));
    } else {
        return Err(Failure::Model(format!(
            "model {name}: there is no such file"
        )));
    }
    let of_family = upwise_weights::models().iter();
    let of_family: Vec<&str> = of_family
        .filter(|model| model.family.to_string() == name)
        .map(|model| model.name)
        .collect();
    if !of_family.is_empty() {
        return Err(Failure::Model(format!(
            "model {name}: that is a family; its models are {}",
            of_family.join(", ")
        )));
    }
    let mut known: Vec<String> = list(folders)?.into_iter().map(|model| model.name).collect();
    known.extend(["lanczos", "bicubic", "nearest", AUTO].map(String::from));
    let families = Family::ALL.map(|family| family.to_string());
    // Some have one model, of the same name.
    let others = families
        .into_iter()
        .filter(|family| !known.contains(family));
    known.extend(others.collect::<Vec<_>>());
    if is_other {
        return Err(Failure::Model(format!(
            "model {name}: a file, but of no weights; their suffixes are .safetensors, .pth and .pt"
        )));
    }
    Err(Failure::Model(format!(
        "model {name}: not found; there are {} (-m DIR looks in another folder)",
        known.join(", ")
    )))
}

/// All models, embedded ones first, then those of the folders by name.
pub fn list(folders: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut models: Vec<Found> = upwise_weights::models().iter().map(embedded).collect();
    for folder in folders {
        let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
        let entries = std::fs::read_dir(folder).map_err(|error| {
            let folder = folder.display();
            Failure::Model(format!("{folder}: no folder of models (-m): {error}"))
        })?;
        for entry in entries.flatten() {
            let path = entry.path();
            if !has_weight_suffix(&path) || !path.is_file() {
                continue;
            }
            named
                .entry(stem(&path))
                .and_modify(|known| {
                    if preference(&path) < preference(known) {
                        known.clone_from(&path);
                    }
                })
                .or_insert(path);
        }
        for (name, path) in named {
            if models.iter().all(|model| model.name != name) {
                models.push(Found {
                    name,
                    source: Source::File(path),
                });
            }
        }
    }
    Ok(models)
}

/// Reads the weights.
pub fn open(found: &Found) -> Result<Model, Failure> {
    match &found.source {
        Source::Embedded(model) => Model::from_static(model.name, model.bytes),
        Source::File(path) => Model::open(path),
    }
    .map_err(|error| Failure::Model(error.to_string()))
}

fn embedded(model: &'static Embedded) -> Found {
    Found {
        name: model.name.to_string(),
        source: Source::Embedded(model),
    }
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

fn preference(path: &Path) -> usize {
    let suffix = path.extension().and_then(|s| s.to_str()).unwrap_or("");
    SUFFIXES
        .iter()
        .position(|known| suffix.eq_ignore_ascii_case(known))
        .unwrap_or(SUFFIXES.len())
}

fn has_weight_suffix(path: &Path) -> bool {
    preference(path) < SUFFIXES.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_files_and_prefer_safetensors() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.pth", "a.safetensors", "b.PTH", "c.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let folders = [folder.path().to_path_buf()];
        let file_of = |name: &str| match by_name(name, &folders) {
            Ok(Found {
                source: Source::File(path),
                ..
            }) => path.file_name().unwrap().to_str().unwrap().to_string(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(file_of("a"), "a.safetensors");
        assert_eq!(file_of("a.pth"), "a.pth");
        assert!(by_name("c", &folders).is_err());
        let missing = by_name("d", &folders).unwrap_err();
        assert_eq!(missing.exit_code(), 69);
        assert!(missing.to_string().contains("a, b, lanczos"), "{missing}");
        let names: Vec<_> = list(&folders)
            .unwrap()
            .into_iter()
            .map(|m| m.name)
            .collect();
        assert!(names.ends_with(&["a".into(), "b".into()]), "{names:?}");
    }
}
