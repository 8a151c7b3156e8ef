//! Where the reports that are files go, decided before anything is read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::look::Look;
use super::overlay;
use crate::args::triage::TriageArgs;
use crate::failure::Failure;
use crate::inputs::Place;
use crate::picture::part::folder_of;
use crate::picture::{Format, reason, save};

/// The files that a run writes.
pub struct Outputs<'a> {
    html: Option<&'a Path>,
    /// One for each input, in their order, or none.
    overlays: Vec<PathBuf>,
    overwrite: bool,
}

impl<'a> Outputs<'a> {
    /// Decides it for inputs of these paths, each from the folder that was named, or for one that was named itself (`is_file`);
    /// refuses what exists and collides.
    pub fn new(args: &'a TriageArgs, names: &[PathBuf], is_file: bool) -> Result<Self, Failure> {
        let html = args.html.as_deref();
        let names_file = |path: &Path| is_file && !path.is_dir() && !ends_with_separator(path);
        let overlays = match &args.overlay {
            None => Vec::new(),
            Some(path) if names_file(path) => {
                if Format::of_path(path).is_some_and(|format| format != Format::Png) {
                    return Err(Failure::Usage(format!(
                        "{}: an overlay is a PNG; name it so",
                        path.display()
                    )));
                }
                vec![path.clone()]
            }
            Some(folder) => {
                // The input's suffix stays, so that a.jpg and a.png do not meet.
                let named = |name: &PathBuf| {
                    let mut path = folder.join(name).into_os_string();
                    path.push(".png");
                    PathBuf::from(path)
                };
                let files: Vec<PathBuf> = names.iter().map(named).collect();
                let mut seen = HashSet::new();
                if let Some(twice) = files.iter().find(|file| !seen.insert(*file)) {
                    return Err(Failure::Usage(format!(
                        "two overlays would both become {}; nothing was done. Name one folder at a time",
                        twice.display()
                    )));
                }
                files
            }
        };
        let outputs = Outputs {
            html,
            overlays,
            overwrite: args.overwrite,
        };
        if let Some(html) = html {
            outputs.check(html)?;
        }
        for file in &outputs.overlays {
            if Some(&**file) == html {
                return Err(Failure::Usage(
                    "--overlay and --html name the same file".into(),
                ));
            }
            // A folder that is not there yet will be made.
            if args.overlay.as_deref().is_some_and(names_file) || folder_of(file).exists() {
                outputs.check(file)?;
            }
        }
        Ok(outputs)
    }

    /// Refuses to write over what is still to be read.
    pub fn check_inputs(&self, inputs: &[Place]) -> Result<(), Failure> {
        let inputs: HashSet<PathBuf> = inputs
            .iter()
            .filter_map(|input| match input {
                Place::File(path) => path.canonicalize().ok(),
                Place::Stream => None,
            })
            .collect();
        let files = self.overlays.iter().map(PathBuf::as_path).chain(self.html);
        for file in files {
            if file.canonicalize().is_ok_and(|file| inputs.contains(&file)) {
                return Err(Failure::Usage(format!(
                    "{}: it is an input, and a report would replace it; nothing was done. Name another file",
                    file.display()
                )));
            }
        }
        Ok(())
    }

    /// Whether there is a page to write.
    pub fn wants_page(&self) -> bool {
        self.html.is_some()
    }

    fn check(&self, path: &Path) -> Result<(), Failure> {
        save::check_target(path, self.overwrite)
            .map_err(|words| Failure::CannotWrite(format!("{}: {words}", path.display())))
    }

    /// Writes the page, if there is to be one.
    pub fn page(&self, page: &str) -> Result<(), Failure> {
        match self.html {
            Some(path) => save::bytes_to_file(path, self.overwrite, page.as_bytes()),
            None => Ok(()),
        }
    }

    /// Draws and writes the overlay of an input, if there is to be one.
    pub fn overlay(&self, number: usize, name: &str, look: &Look) -> Result<(), Failure> {
        let Some(path) = self.overlays.get(number) else {
            return Ok(());
        };
        let canvas = overlay::draw(look).map_err(|error| Failure::engine(name, error))?;
        let folder = folder_of(path);
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::CannotWrite(format!("{}: {}", folder.display(), reason(&error)))
        })?;
        let bytes = canvas
            .encoded(Format::Png, 100)
            .map_err(|error| Failure::encode(&path.display().to_string(), error))?;
        save::bytes_to_file(path, self.overwrite, &bytes)
    }
}

/// Whether a path is written as that of a folder.
fn ends_with_separator(path: &Path) -> bool {
    let last = path.as_os_str().as_encoded_bytes().last();
    last.is_some_and(|&byte| std::path::is_separator(byte.into()))
}
