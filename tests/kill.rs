//! A batch that is killed at any moment (SIGKILL): no file of an output's name is ever anything but a whole result, and
//! the next run does what is left and nothing else.
//!
//! `UPWISE_KILLS=500 UPWISE_KILL_FILES=200 cargo test -p upwise --test kill` is the long form.
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;
#[path = "support/noise.rs"]
#[allow(dead_code)]
mod noise;
#[path = "support/pictures.rs"]
mod pictures;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use command::{Folder, command, finish};
use noise::Noise;
use pictures::*;

/// A run that has not come to where it is to be killed by then hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What either test does when is worth something only while the other does not take its processor.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(name: &str, default: usize) -> usize {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a number"))
}

/// What enlarges `in` to `out`.
fn upscale(folder: &Folder, out: &str, options: &[&str]) -> std::process::Command {
    let mut command = command();
    let args = ["upscale", &folder.arg("in"), "-o", &folder.arg(out)];
    command
        .args(args)
        .args(["--recursive", "-j", "2", "--json"])
        .args(options);
    command
}

/// Contents of all outputs, by name, and what would change if one were written again.
struct Outputs {
    contents: BTreeMap<String, Vec<u8>>,
    identities: BTreeMap<String, (u64, i64, i64)>,
    /// Files in the making.
    parts: usize,
}

fn outputs(folder: &Folder, out: &str) -> Outputs {
    let mut found = Outputs {
        contents: BTreeMap::new(),
        identities: BTreeMap::new(),
        parts: 0,
    };
    for name in folder.files() {
        let Some(within) = name.strip_prefix(&format!("{out}/")) else {
            continue;
        };
        if within.contains(".upwise-") {
            assert!(within.ends_with(".part"), "{within}");
            found.parts += 1;
            continue;
        }
        let path = folder.at(&name);
        let about = fs::metadata(&path).expect("an output");
        let identity = (about.ino(), about.mtime(), about.mtime_nsec());
        found.identities.insert(within.into(), identity);
        let contents = fs::read(path).expect("an output");
        found.contents.insert(within.into(), contents);
    }
    found
}

/// Runs to the end and returns the outputs and how many of them were passed over.
fn complete(folder: &Folder, out: &str, options: &[&str]) -> (Outputs, usize) {
    let run = finish(&mut upscale(folder, out, options)).expect(0, &[]);
    let skipped = run.json()["skipped"].as_u64().expect("a count");
    (outputs(folder, out), skipped as usize)
}

/// Starts a run and kills it at a moment after the `after`th output that is not among the `old`.
fn kill(folder: &Folder, options: &[&str], after: usize, old: &Outputs, delay: Duration) {
    let mut command = upscale(folder, "out", options);
    // A pipe that nobody reads would stop it.
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a run");
    let start = Instant::now();
    let is_new = |name: &str| {
        let found = fs::metadata(folder.at(&format!("out/{name}")));
        let found = found.map(|about| (about.ino(), about.mtime(), about.mtime_nsec()));
        found
            .ok()
            .is_some_and(|id| old.identities.get(name) != Some(&id))
    };
    while child.try_wait().expect("a state").is_none() {
        let names = folder.files().into_iter();
        let mut names = names.filter_map(|name| Some(name.strip_prefix("in/")?.to_string()));
        let done = names.by_ref().filter(|name| is_new(name)).count();
        if done >= after {
            std::thread::sleep(delay);
            break;
        }
        assert!(start.elapsed() < PATIENCE, "it hangs");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("a signal");
    child.wait().expect("an end");
}

#[test]
fn killed_at_any_moment() {
    let _alone = alone();
    let (kills, files) = (number("UPWISE_KILLS", 25), number("UPWISE_KILL_FILES", 40));
    let seed = number("UPWISE_KILL_SEED", 1) as u64;
    let mut noise = Noise(seed);
    let mut random = move || f64::from(noise.next()) / 2.0 + 0.5;

    let folder = Folder::new();
    for i in 0..files {
        let pixels = photo(8 + i % 13, 6 + i % 7);
        match i % 3 {
            0 => folder.write(&format!("in/deep/{i:03}.jpg"), &jpeg_bytes(&pixels)),
            1 => folder.write(&format!("in/{i:03}.png"), &png_bytes(&pixels)),
            _ => folder.write(&format!("in/wide/{i:03}.png"), &png_bytes(&pixels)),
        };
    }
    // What is killed: by the shipped network or a filter; in a new folder, or replacing what other settings made.
    let by_network: &[&str] = &["-s", "2"];
    let by_filter: &[&str] = &["-s", "2", "-n", "bicubic"];
    let before: &[&str] = &["-s", "3", "-n", "bicubic"];
    let reference = |out: &str, options| {
        let start = Instant::now();
        let (outputs, skipped) = complete(&folder, out, options);
        assert_eq!((outputs.contents.len(), skipped), (files, 0));
        (outputs.contents, start.elapsed() / files as u32)
    };
    let (network, network_time) = reference("network", by_network);
    let (filter, filter_time) = reference("filter", by_filter);
    let (older, _) = reference("older", before);

    let (mut early, mut between, mut left) = (0, 0, 0);
    for kill_number in 0..kills {
        let context = format!("seed {seed}, kill {kill_number}");
        let (options, expected, time) = match kill_number % 2 {
            0 => (by_network, &network, network_time),
            _ => (by_filter, &filter, filter_time),
        };
        // A new folder, one of older results, or the same again: what is killed then goes on where a killed run was.
        let goes_on = kill_number % 5 == 4;
        let replaces = kill_number % 4 == 3;
        let _ = fs::remove_dir_all(folder.at("out"));
        if replaces {
            complete(&folder, "out", before);
        }
        let mut killed = outputs(&folder, "out");
        for _ in 0..if goes_on { 2 } else { 1 } {
            let after = (random() * files as f64) as usize;
            let delay = time.mul_f64(2.0 * random());
            kill(&folder, options, after, &killed, delay);
            let now = outputs(&folder, "out");
            for (name, contents) in &now.contents {
                let whole = contents == &expected[name] || replaces && contents == &older[name];
                assert!(whole, "{context}: {name} is no result");
            }
            for (name, contents) in &killed.contents {
                let kept = &now.contents[name];
                assert!(
                    kept == contents || kept == &expected[name],
                    "{context}: {name}"
                );
            }
            killed = now;
        }
        let is_done = |(name, contents): (&String, &Vec<u8>)| *contents == expected[name];
        let done = killed
            .contents
            .iter()
            .filter(|entry| is_done(*entry))
            .count();
        early += usize::from(done == 0);
        between += usize::from((1..files).contains(&done));
        left += usize::from(killed.parts > 0);

        let (resumed, skipped) = complete(&folder, "out", options);
        assert!(resumed.contents == *expected, "{context}");
        assert_eq!(resumed.parts, 0, "{context}: something half-done stays");
        assert_eq!(skipped, done, "{context}: done again");
        for (name, _) in killed.contents.iter().filter(|entry| is_done(*entry)) {
            let (before, after) = (killed.identities[name], resumed.identities[name]);
            assert_eq!(before, after, "{context}: {name} was written again");
        }
    }
    println!(
        "{kills} kills over {files} files, each resumed to its end: {early} before the first result, {between} between \
         the first and the last, {left} with a file in the making"
    );
    assert!(
        between * 2 > kills,
        "too few kills met the work: {between} of {kills}"
    );
}

/// AV1 is encoded in one piece, after the last row. Ctrl-C does not wait for it.
#[test]
fn an_encoder_that_cannot_stop_is_not_waited_for() {
    let _alone = alone();
    let folder = Folder::new();
    let mut noise = Noise(3);
    let samples = noise.many(320 * 320 * 3, 127.0).into_iter();
    let samples = samples.map(|v| (v + 128.0) as u16).collect();
    folder.write("in.png", &png_bytes(&Pixels::new(320, 320, 3, samples)));
    let (input, output) = (folder.arg("in.png"), folder.arg("out.avif"));
    let start = || {
        let args = ["upscale", &input, "-n", "nearest", "-s", "2", "-o", &output];
        let run = command().args(args).stderr(Stdio::null()).spawn();
        (run.expect("a run"), Instant::now())
    };
    let (mut run, started) = start();
    assert!(run.wait().expect("an end").success());
    let whole = started.elapsed();
    fs::remove_file(&output).expect("a result");

    // Its rows take a hundredth of that.
    let (mut run, started) = start();
    std::thread::sleep(whole / 3);
    let signal = format!("kill -INT {}", run.id());
    let sent = std::process::Command::new("sh")
        .args(["-c", &signal])
        .status();
    assert!(sent.expect("a shell").success());
    assert_eq!(run.wait().expect("an end").code(), Some(130));
    let stopped = started.elapsed();
    assert!(stopped < whole * 2 / 3, "{stopped:?} of {whole:?}");
    assert_eq!(folder.files(), ["in.png"]);
}
