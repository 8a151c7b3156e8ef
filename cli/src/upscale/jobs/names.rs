//! What results are called.

use std::ffi::OsString;
use std::path::Path;

use crate::args::deliver::Deliver;
use crate::args::template::{Field, Piece, Template};
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::picture::{Format, Input};

/// How outputs are called.
pub struct Namer<'a> {
    /// `-f`.
    pub format: Option<Format>,
    /// `--deliver`.
    pub deliver: Option<&'a Deliver>,
    /// The format that `--deliver` comes to where nothing else says one.
    pub preset: Option<Format>,
    /// `--suffix`.
    pub suffix: Option<&'a str>,
    /// `--name`.
    pub template: Option<&'a Template>,
    /// The size that is asked for.
    pub target: TargetSize,
    /// The model as it was asked for.
    pub model: &'a str,
}

impl Namer<'_> {
    /// What is added to a name that stays beside its input.
    pub fn addition(&self) -> String {
        match (self.suffix, self.deliver) {
            (Some(suffix), _) => suffix.to_string(),
            (None, Some(deliver)) => format!("_{deliver}"),
            (None, None) => format!("_{}", self.target),
        }
    }

    /// The file name of an output, and the format that it promises. `beside` says that it goes into the folder of
    /// its input, `index` that it is this picture of so many.
    pub fn name(
        &self,
        from: &Path,
        beside: bool,
        index: (usize, usize),
    ) -> Result<(OsString, Format), Failure> {
        let (format, suffix) = self.format(from);
        let stem = from.file_stem().unwrap_or(from.as_os_str());
        let Some(template) = self.template else {
            let mut name = stem.to_os_string();
            match beside {
                true => name.push(self.addition()),
                false => name.push(self.suffix.unwrap_or("")),
            }
            name.push(".");
            name.push(suffix);
            return Ok((name, format));
        };
        let mut name = OsString::new();
        for piece in &template.0 {
            match piece {
                Piece::Text(text) => name.push(text),
                Piece::Field(Field::Stem) => name.push(stem),
                Piece::Field(Field::Ext) => name.push(&suffix),
                Piece::Field(field) => name.push(self.value(*field, index)?),
            }
        }
        let format = self.promised(Path::new(&name))?;
        Ok((name, format))
    }

    /// The format that a whole file name of the user's choice promises; `-f` may say so too, but nothing else.
    pub fn promised(&self, path: &Path) -> Result<Format, Failure> {
        match (self.format, Format::of_path(path)) {
            (Some(asked), Some(named)) if asked != named => Err(Failure::Usage(format!(
                "{}: its suffix says {named}, -f says {asked}",
                path.display()
            ))),
            // Where the user says which format, a name may be anything.
            (Some(asked), _) => Ok(asked),
            (None, Some(named)) if !named.is_written() => Err(Failure::Usage(format!(
                "{}: {named} is only read; give it a suffix such as .png, or use -f",
                path.display()
            ))),
            (None, Some(named)) => Ok(named),
            (None, None) => Err(Failure::Usage(format!(
                "{}: which format? Give it a suffix such as .png, or use -f",
                path.display()
            ))),
        }
    }

    fn value(&self, field: Field, (index, count): (usize, usize)) -> Result<String, Failure> {
        let value = match (field, self.target) {
            (Field::Scale, TargetSize::Scale(factor)) => factor.to_string(),
            (Field::Width, TargetSize::Width(width) | TargetSize::Size(width, _)) => {
                width.to_string()
            }
            (Field::Height, TargetSize::Height(height) | TargetSize::Size(_, height)) => {
                height.to_string()
            }
            (Field::Model, _) => self.model.to_string(),
            (Field::Index, _) => format!("{index:0digits$}", digits = count.to_string().len()),
            (field, _) => {
                let option = match field {
                    Field::Scale => "-s",
                    Field::Width => "--width or --resize",
                    _ => "--height or --resize",
                };
                return Err(Failure::Usage(format!(
                    "--name: {{{}}} is known only with {option}",
                    field.name()
                )));
            }
        };
        Ok(value)
    }

    /// The format of the result, the input's if it is written, and its suffix, spelled as the input spells it where that is the same format.
    fn format(&self, from: &Path) -> (Format, OsString) {
        let by_suffix = Format::of_path(from);
        let format = self
            .format
            .or(self.preset)
            .or(by_suffix)
            .unwrap_or_else(|| {
                // A name that says nothing: the content does. What cannot be read fails later, with its reason.
                let input = Some(from).filter(|from| from.is_file());
                input
                    .and_then(|from| Input::open(from, 0).ok())
                    .and_then(|mut input| input.sniff().ok())
                    .unwrap_or(Format::Png)
            });
        let format = format.of_result();
        let suffix = match from.extension() {
            Some(suffix) if by_suffix == Some(format) => suffix.to_os_string(),
            _ => format.suffix().into(),
        };
        (format, suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in() {
        let name = |pattern: &str, format, target| {
            let template = pattern.parse().unwrap();
            let namer = Namer {
                format,
                deliver: None,
                preset: None,
                suffix: None,
                template: Some(&template),
                target,
                model: "photo",
            };
            let named = namer.name(Path::new("a/Shot.1.JPEG"), true, (7, 120));
            named.map(|(name, format)| (name.into_string().unwrap(), format))
        };
        let scale = TargetSize::Scale(2.5);
        let all = "{index}-{stem}_{scale}x_{model}.{ext}";
        assert_eq!(
            name(all, None, scale).unwrap(),
            ("007-Shot.1_2.5x_photo.JPEG".into(), Format::Jpeg)
        );
        let png = name("{stem}.{ext}", Some(Format::Png), scale).unwrap();
        assert_eq!(png, ("Shot.1.png".into(), Format::Png));
        // A suffix that is written out decides, as that of -o does.
        let tiff = name("{width}x{height}.tiff", None, TargetSize::Size(30, 20)).unwrap();
        assert_eq!(tiff, ("30x20.tiff".into(), Format::Tiff));
        for (pattern, format, target, word) in [
            ("{stem}.png", Some(Format::Tiff), scale, "-f says TIFF"),
            ("{index}", None, scale, "which format"),
            ("{width}.{ext}", None, scale, "{width} is known only with"),
            (
                "{scale}.{ext}",
                None,
                TargetSize::Width(9),
                "{scale} is known only with -s",
            ),
        ] {
            let error = name(pattern, format, target).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
