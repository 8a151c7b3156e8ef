//! Places that fail: full disks, read-only folders, closed pipes, files that go away. The exit code says which, and
//! nothing half-written stays.
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;
#[path = "support/noise.rs"]
#[allow(dead_code)]
mod noise;
#[path = "support/pictures.rs"]
mod pictures;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use command::{Folder, JOURNAL, Run, command, finish, run};
use noise::Noise;
use pictures::*;

/// A picture that no format makes smaller.
fn incompressible(width: usize, height: usize) -> Pixels {
    let mut noise = Noise(3);
    let samples = (0..width * height * 3).map(|_| ((noise.next() + 1.0) * 127.9) as u16);
    Pixels::new(width, height, 3, samples.collect())
}

/// Runs the command under a shell script, which gets it as its arguments.
fn under(script: &str, args: &[&str]) -> Run {
    let upwise = command();
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(upwise.get_program());
    finish(shell.args(args).stdin(Stdio::null()))
}

/// Runs the command in a name space of its own in which `mount` was done, and returns what is then in `folder`.
/// `None` where that is not allowed.
#[cfg(target_os = "linux")]
fn in_name_space(folder: &Folder, mount: &str, args: &[&str]) -> Option<(Run, Vec<String>)> {
    let allowed = ["-rm", "true"];
    if !Command::new("unshare")
        .args(allowed)
        .output()
        .is_ok_and(|run| run.status.success())
    {
        println!("skipped: no name spaces of mounts here");
        return None;
    }
    let list = folder.arg("list");
    let out = folder.arg("out");
    let inner = format!(
        "set -e; {mount}; set +e; \"$@\"; code=$?; find '{out}' -type f > '{list}'; exit $code"
    );
    let upwise = command();
    let mut unshare = Command::new("unshare");
    unshare
        .args(["-rm", "sh", "-c", &inner, "sh"])
        .arg(upwise.get_program());
    let run = finish(unshare.args(args).stdin(Stdio::null()));
    let list = fs::read_to_string(folder.at("list")).expect("a list");
    let names = list
        .lines()
        .filter_map(|path| path.strip_prefix(&out)?.strip_prefix('/'));
    let names = names
        .filter(|name| *name != JOURNAL)
        .map(String::from)
        .collect();
    Some((run, names))
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let folder = Folder::new();
    fs::create_dir(folder.at("out")).unwrap();
    let input = folder.write("in/noise.png", &png_bytes(&incompressible(200, 100)));
    folder.write("in/small.png", &png_bytes(&photo(20, 10)));
    let out = folder.arg("out/noise.png");
    let one = ["upscale", &input, "-n", "lanczos", "-o", &out];
    let mount = |kib: usize| format!("mount -t tmpfs -o size={kib}k none '{}'", folder.arg("out"));
    // 240 KB of pixels: with a few there is no sense in beginning.
    let Some((run, names)) = in_name_space(&folder, &mount(32), &one) else {
        return;
    };
    run.expect(75, &["noise.png", "space left", "at least 1 MB"]);
    assert!(names.is_empty(), "{names:?}");
    // That they do not suffice shows only in the end.
    let (run, names) = in_name_space(&folder, &mount(160), &one).expect("as before");
    run.expect(74, &["noise.png", "No space left"]);
    assert!(names.is_empty(), "{names:?}");
    let (run, names) = in_name_space(&folder, &mount(400), &one).expect("as before");
    run.expect(0, &[]);
    assert_eq!(names, ["noise.png"]);
    // Where not all of a folder can fit, none of it is begun; where only the pixels tell, what fits is done.
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    let all = ["upscale", &from, "-n", "lanczos", "-o", &to];
    let (run, names) = in_name_space(&folder, &mount(32), &all).expect("as before");
    run.expect(75, &["2 pictures", "at least 1 MB", "space left", &to]);
    assert!(names.is_empty(), "{names:?}");
    let (run, names) = in_name_space(&folder, &mount(160), &all).expect("as before");
    run.expect(1, &["1 of 2 pictures failed", "1 picture done"]);
    assert_eq!(names, ["small.png"]);
    // Each of them would fit alone.
    for i in 0..4 {
        folder.write(
            &format!("in/more{i}.png"),
            &png_bytes(&incompressible(100, 50)),
        );
    }
    fs::remove_file(folder.at("in/noise.png")).unwrap();
    let (run, names) = in_name_space(&folder, &mount(80), &all).expect("as before");
    run.expect(75, &["5 pictures take", "space left"]);
    assert!(names.is_empty(), "{names:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_disk() {
    let folder = Folder::new();
    fs::create_dir(folder.at("out")).unwrap();
    folder.write("in/a.png", &png_bytes(&photo(20, 10)));
    let (from, to, out) = (folder.arg("in"), folder.arg("out"), folder.arg("out/a.png"));
    let one = folder.arg("in/a.png");
    let mount = format!("mount --bind '{to}' '{to}'; mount -o remount,ro,bind '{to}'");
    for args in [
        ["upscale", &one, "-n", "nearest", "-o", &out],
        ["upscale", &from, "-n", "nearest", "-o", &to],
    ] {
        let Some((run, names)) = in_name_space(&folder, &mount, &args) else {
            return;
        };
        run.expect(73, &["out/a.png", "Read-only"]);
        assert!(names.is_empty());
    }
}

#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let input = folder.write("a.png", &png_bytes(&photo(20, 10)));
    fs::create_dir(folder.at("out")).unwrap();
    let set = |mode| fs::set_permissions(folder.at("out"), fs::Permissions::from_mode(mode));
    set(0o555).unwrap();
    if fs::write(folder.at("out/probe"), b"").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let to = folder.arg("out/");
    run(["upscale", &input, "-n", "nearest", "-o", &to]).expect(73, &["Permission denied"]);
    set(0o755).unwrap();
    assert_eq!(folder.files(), ["a.png"]);
}

/// The system's own bound on files, which needs no mounts.
#[test]
fn a_file_that_may_not_grow() {
    let folder = Folder::new();
    let input = folder.write("in/noise.png", &png_bytes(&incompressible(200, 100)));
    folder.write("in/small.png", &png_bytes(&photo(20, 10)));
    let limited = |args: &[&str]| under("trap '' XFSZ; ulimit -f 64; exec \"$@\"", args);
    for format in ["png", "jpg", "tif", "bmp", "webp"] {
        let out = folder.arg(&format!("out.{format}"));
        let args = ["upscale", &input, "-n", "lanczos", "-o", &out, "-s", "4"];
        limited(&args).expect(74, &["too large"]);
    }
    assert_eq!(folder.files(), ["in/noise.png", "in/small.png"]);
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    limited(&["upscale", &from, "-n", "lanczos", "-o", &to, "-s", "4"])
        .expect(1, &["1 of 2 pictures failed", "too large"]);
    assert_eq!(
        folder.files(),
        ["in/noise.png", "in/small.png", "out/small.png"]
    );
    // With room the same command does what is left.
    run(["upscale", &from, "-n", "lanczos", "-o", &to, "-s", "4"])
        .expect(0, &["1 picture done, 1 done already"]);
}

#[test]
fn a_pipe_that_nobody_reads() {
    let folder = Folder::new();
    let noise = folder.write("in/noise.png", &png_bytes(&incompressible(200, 200)));
    folder.write("in/small.png", &png_bytes(&photo(20, 10)));
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    // More than a pipe holds, of which one byte is read.
    let mut child = command()
        .args(["upscale", &noise, "-n", "lanczos", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    child.stdout.take().unwrap().read_exact(&mut byte).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{words}");
    assert!(words.contains("Broken pipe"), "{words}");
    // What is said is not what is done: the work goes on whoever listens.
    for closed in [
        ">&-",
        "2>&-",
        "> /dev/full",
        "2> /dev/full",
        "| head -c 1",
        "2>&1 | head -c 1",
    ] {
        let script = format!("\"$@\" {closed} && exit 0");
        let lines = ["upscale", &from, "-n", "nearest", "-o", &to, "--json-lines"];
        let json = closed.contains("/dev/full") && !closed.starts_with('2');
        under(&script, &lines).expect(if json { 74 } else { 0 }, &[]);
        if !json {
            assert!(folder.at("out/noise.png").exists() && folder.at("out/small.png").exists());
            fs::remove_dir_all(folder.at("out")).unwrap();
        }
    }
}

#[test]
fn files_that_go_away() {
    let folder = Folder::new();
    let slow = folder.arg("a.png");
    let made = Command::new("mkfifo").arg(&slow).status();
    assert!(made.expect("mkfifo").success());
    let b = folder.write("b.png", &png_bytes(&photo(20, 10)));
    let c = folder.write("c.png", &png_bytes(&photo(20, 10)));
    let to = folder.arg("out");
    let child = command()
        .args(["upscale", &slow, &b, &c, "-n", "nearest", "-o", &to])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command waits for the first picture; opening waits until it does.
    let mut pipe = fs::File::options().write(true).open(&slow).unwrap();
    fs::remove_file(&b).unwrap();
    std::io::Write::write_all(&mut pipe, &png_bytes(&photo(20, 10))).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("b.png: No such file"), "{words}");
    assert_eq!(folder.files(), ["a.png", "c.png", "out/a.png", "out/c.png"]);
}

/// Waits until a process has a handler for interrupts, and a little for what it does next.
fn until_it_listens(child: &std::process::Child) {
    let status = format!("/proc/{}/status", child.id());
    let caught = |text: &str| {
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
        Some(mask & 1 << (2 - 1) != 0)
    };
    let start = std::time::Instant::now();
    while fs::read_to_string(&status).is_ok_and(|text| caught(&text) == Some(false)) {
        assert!(start.elapsed().as_secs() < 60, "it hangs");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
}

/// Sends an interrupt to a process that waits.
fn interrupt(child: &std::process::Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

#[test]
fn streams_that_never_end() {
    // What is no picture is known by its first bytes.
    let endless = || Stdio::from(fs::File::open("/dev/zero").expect("zeros"));
    for args in [&["upscale", "-", "-o", "out.png"][..], &["triage", "-"]] {
        finish(command().args(args).stdin(endless())).expect(65, &["not a picture"]);
    }
    run(["triage", "/dev/zero"]).expect(65, &["/dev/zero", "not a picture"]);
    // Nobody writes to these: an interrupt is enough to end the wait.
    let folder = Folder::new();
    let pipe = folder.arg("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    for input in ["-", &pipe] {
        let mut waiting = command();
        waiting.args(["upscale", input, "-o", &folder.arg("out.png")]);
        let mut waiting = waiting.stdin(Stdio::piped()).spawn().expect("a run");
        // Kept open: waiting for the end closes it otherwise.
        let _open = waiting.stdin.take();
        until_it_listens(&waiting);
        assert!(waiting.try_wait().expect("a state").is_none(), "{input}");
        interrupt(&waiting);
        assert_eq!(waiting.wait().expect("an end").code(), Some(130), "{input}");
    }
    assert_eq!(folder.files(), ["pipe"]);
}

/// The most that a process ever held is looked up while it runs.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_that_is_allowed_is_enough() {
    let folder = Folder::new();
    let input = folder.write("in.jpg", &jpeg_bytes(&photo(600, 400)));
    for (model, mib) in [("photo-fast-x4", 72), ("photo-fast-x2", 48)] {
        let limit = format!("{mib}M");
        let args = [
            "upscale",
            &input,
            "--overwrite",
            "-q",
            "-j",
            "2",
            "-n",
            model,
        ];
        let rest = ["--max-memory", &limit, "-o", &folder.arg("out.png")];
        let mut child = command().args(args).args(rest).spawn().expect("a run");
        let (status, mut most) = (format!("/proc/{}/status", child.id()), 0u64);
        while child.try_wait().expect("a state").is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            most = most.max(kib.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(child.wait().expect("an end").success());
        assert!(
            most > 20 << 10 && most <= mib << 10,
            "{model}: {most} KiB of {mib} MiB"
        );
    }
}
