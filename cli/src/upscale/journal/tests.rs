use super::*;
use serde_json::json;

fn recipe(scale: &str) -> Recipe {
    Recipe {
        version: "1".into(),
        model: "nearest".into(),
        weights_sha256: None,
        settings: json!({ "target": scale }),
    }
}

fn receipt(output: &str, contents: &[u8], input: &[u8], scale: &str) -> Receipt {
    Receipt {
        schema: SCHEMA.into(),
        output: output.into(),
        output_sha256: Digest::of(contents),
        output_bytes: contents.len() as u64,
        input: "a.jpg".into(),
        input_sha256: Digest::of(input),
        input_bytes: input.len() as u64,
        input_path_sha256: Digest::of(b"/in/a.jpg"),
        recipe: recipe(scale),
        reason: None,
        width: 1,
        height: 1,
        time: 0,
    }
}

fn open(folder: &Path) -> Journal {
    let names = ["a.png", "b.png"].map(String::from);
    Journal::open(folder, names.into()).unwrap()
}

/// What a run with this input and scale finds.
#[derive(Debug, PartialEq)]
enum Found {
    Done,
    Outdated,
    Changed,
    Unknown,
}

fn standing(journal: &Journal, name: &str, input: &[u8], scale: &str) -> Found {
    let wanted = Origin {
        input: Digest::of(input),
        input_path: Digest::of(b"/in/a.jpg"),
        recipe: recipe(scale),
    };
    let output = journal.path().with_file_name(name);
    match journal.standing(name, &output).unwrap() {
        Standing::Ours(origins) if origins.contains(&wanted) => Found::Done,
        Standing::Ours(_) => Found::Outdated,
        Standing::Changed => Found::Changed,
        Standing::Unknown => Found::Unknown,
    }
}

#[test]
fn only_what_has_the_bytes_of_a_receipt_counts() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let a = folder.path().join("a.png");
    fs::write(&a, b"result").unwrap();
    assert_eq!(standing(&journal, "a.png", b"in", "2x"), Found::Unknown);
    // Another process adds it; this one finds out.
    open(folder.path())
        .add(&receipt("a.png", b"result", b"in", "2x"))
        .unwrap();
    assert_eq!(standing(&journal, "a.png", b"in", "2x"), Found::Done);
    assert_eq!(standing(&journal, "a.png", b"other", "2x"), Found::Outdated);
    assert_eq!(standing(&journal, "a.png", b"in", "4x"), Found::Outdated);
    // As long as what it was, and not what it was.
    fs::write(&a, b"resulT").unwrap();
    assert_eq!(standing(&journal, "a.png", b"in", "2x"), Found::Changed);
    fs::write(&a, b"longer result").unwrap();
    assert_eq!(standing(&journal, "a.png", b"in", "2x"), Found::Changed);

    // A result that was to be replaced when the process was killed: the file is still the older receipt's.
    fs::write(&a, b"result").unwrap();
    journal
        .add(&receipt("a.png", b"new", b"in2", "2x"))
        .unwrap();
    assert_eq!(standing(&journal, "a.png", b"in2", "2x"), Found::Outdated);
    assert_eq!(standing(&journal, "a.png", b"in", "2x"), Found::Done);
}

#[test]
fn a_line_that_was_cut_off_anywhere_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    for name in ["a.png", "b.png"] {
        fs::write(folder.path().join(name), b"result").unwrap();
    }
    open(folder.path())
        .add(&receipt("a.png", b"result", b"in", "2x"))
        .unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in (0..whole.len()).step_by(7) {
        // The second line is cut off, here and there with the zeros that a crash may leave.
        let mut torn = [&whole[..], &whole[..cut]].concat();
        torn.extend(std::iter::repeat_n(0, cut % 3));
        fs::write(&path, &torn).unwrap();
        let journal = open(folder.path());
        journal
            .add(&receipt("b.png", b"result", b"in", "2x"))
            .unwrap();
        for journal in [&journal, &open(folder.path())] {
            for name in ["a.png", "b.png"] {
                assert_eq!(standing(journal, name, b"in", "2x"), Found::Done, "{cut}");
            }
        }
        // What was there stays there.
        assert!(fs::read(&path).unwrap().starts_with(&torn));
    }
}

#[test]
fn what_is_no_receipt_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::write(folder.path().join("a.png"), b"result").unwrap();
    let good = serde_json::to_string(&receipt("a.png", b"result", b"in", "2x")).unwrap();
    let long = format!("\"{}\"", "x".repeat(3 << 20));
    let other = good.replace(SCHEMA, "upwise.receipt/2");
    let no_digest = good.replace(&Digest::of(b"in").to_string(), "ff");
    for junk in [
        "",
        "null",
        "[]",
        "{}",
        "\0\0",
        "{\"schema\":",
        &long,
        &other,
        &no_digest,
    ] {
        fs::write(&path, format!("{junk}\n")).unwrap();
        assert_eq!(
            standing(&open(folder.path()), "a.png", b"in", "2x"),
            Found::Unknown
        );
        fs::write(&path, format!("{junk}\n{good}\n{junk}")).unwrap();
        assert_eq!(
            standing(&open(folder.path()), "a.png", b"in", "2x"),
            Found::Done
        );
    }
}

#[test]
fn names_are_relative_and_one_file_s_only() {
    let name = |path: &str| name_within(Path::new("out"), Path::new(path));
    assert_eq!(name("out/deep/a.png"), "deep/a.png");
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let odd = |byte: u8| {
            let file = [b'a', byte];
            name_within(
                Path::new("out"),
                &Path::new("out").join(OsStr::from_bytes(&file)),
            )
        };
        assert_ne!(odd(0xfe), odd(0xff));
    }
}

#[test]
fn processes_that_share_it_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let each = 50;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let folder = folder.path();
            scope.spawn(move || {
                let journal = open(folder);
                for i in 0..each {
                    let name = format!("{thread}-{i}");
                    journal.add(&receipt(&name, b"x", b"y", "2x")).unwrap();
                }
            });
        }
    });
    let text = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
    let names: HashSet<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Receipt>(line).unwrap().output)
        .collect();
    assert_eq!(names.len(), 4 * each);
}
