//! Names of results as a pattern: `{stem}_{scale}x.{ext}`.

use std::str::FromStr;

use super::values::name_part;

/// What `--name` was given: text with placeholders, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Copied as it is.
    Text(String),
    /// Filled in for each picture.
    Field(Field),
}

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The input's name without its suffix.
    Stem,
    /// The suffix of the result's format.
    Ext,
    /// The factor that was asked for.
    Scale,
    /// The width that was asked for.
    Width,
    /// The height that was asked for.
    Height,
    /// The model as it was asked for.
    Model,
    /// The picture's place in the list, from 1, with as many digits as the last has.
    Index,
}

impl Field {
    const ALL: [(&'static str, Field); 7] = [
        ("stem", Field::Stem),
        ("ext", Field::Ext),
        ("scale", Field::Scale),
        ("width", Field::Width),
        ("height", Field::Height),
        ("model", Field::Model),
        ("index", Field::Index),
    ];

    /// Its name between the braces.
    pub fn name(self) -> &'static str {
        let named = Field::ALL.iter().find(|(_, field)| *field == self);
        named.map_or("", |(name, _)| name)
    }
}

impl FromStr for Template {
    type Err = String;

    /// `{{` and `}}` are braces.
    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        name_part(pattern)?;
        if pattern.is_empty() {
            return Err("a name is empty; {stem}_4x.{ext} is one".into());
        }
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let (brace, doubled) = (&rest[at..=at], &rest[at..]);
            if doubled.starts_with("{{") || doubled.starts_with("}}") {
                text.push_str(brace);
                rest = &rest[at + 2..];
                continue;
            }
            let end = rest[at..].find('}').filter(|_| brace == "{");
            let Some(end) = end else {
                return Err(format!(
                    "a {brace} without its partner; {{{{ and }}}} are braces"
                ));
            };
            let name = &rest[at + 1..at + end];
            let Some((_, field)) = Field::ALL.iter().find(|(known, _)| *known == name) else {
                let known = Field::ALL.map(|(name, _)| format!("{{{name}}}"));
                return Err(format!(
                    "{{{name}}} is unknown; there are {}",
                    known.join(", ")
                ));
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Field(*field));
            rest = &rest[at + end + 1..];
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Template(pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let text = |text: &str| Piece::Text(text.into());
        let parsed = "{stem}_{scale}x{{}}.{ext}".parse::<Template>();
        let pieces = vec![
            Piece::Field(Field::Stem),
            text("_"),
            Piece::Field(Field::Scale),
            text("x{}."),
            Piece::Field(Field::Ext),
        ];
        assert_eq!(parsed, Ok(Template(pieces)));
        for (wrong, word) in [
            ("{stem}/{ext}", "-o"),
            ("..\\{stem}", "-o"),
            ("{stem", "partner"),
            ("stem}", "partner"),
            ("{size}.png", "{size} is unknown; there are {stem}, {ext}"),
            ("{}.png", "{} is unknown"),
        ] {
            let error = wrong.parse::<Template>().unwrap_err();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }
}
