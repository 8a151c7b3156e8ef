//! Weight files that are damaged, cut or malicious: each must end in an error, none in a panic or in an
//! allocation that its header dictates.

mod support;

use std::io::{Cursor, Write};

use proptest::prelude::*;
use support::data;
use upwise_engine::weights::StateDict;
use upwise_engine::{Error, Model};

/// Reads a file as far as possible, every tensor included.
fn read(bytes: Vec<u8>) -> Result<Model, Error> {
    let dict = StateDict::from_bytes("hostile", bytes)?;
    for name in dict.names() {
        let shape = dict.shape(name).expect("a listed tensor").to_vec();
        let _ = dict.tensor_f32(name, &shape);
    }
    Model::from_state_dict(&dict)
}

/// The error's text; it must name the file and contain `part`.
fn refused(bytes: Vec<u8>, part: &str) {
    let error = match read(bytes) {
        Err(error) => error,
        Ok(_) => panic!("accepted, expected an error about {part:?}"),
    };
    let text = error.to_string();
    assert!(text.starts_with("hostile: "), "{text}");
    assert!(text.contains(part), "{text:?} does not mention {part:?}");
}

fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &vec![0; data]].concat()
}

/// Entries of `archive/`, stored.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let method = zip::CompressionMethod::Stored;
    zip_with(entries, method)
}

fn zip_with(entries: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer
            .start_file(format!("archive/{name}"), options)
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn pth(pickle: &[u8]) -> Vec<u8> {
    zip(&[("data.pkl", pickle), ("data/0", &[0; 64])])
}

/// `{"w": tensor}` where the tensor's storage has `numel` floats, as `torch.save` writes it; sizes are
/// 64-bit.
fn tensor_pickle(numel: u64, offset: u64, shape: &[u64], strides: &[u64]) -> Vec<u8> {
    let int = |v: u64| [&[0x8a, 9][..], &v.to_le_bytes(), &[0]].concat();
    let tuple = |v: &[u64]| {
        let items: Vec<u8> = v.iter().flat_map(|v| int(*v)).collect();
        [b"(", &items[..], b"t"].concat()
    };
    [
        b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n".to_vec(),
        b"X\x01\0\0\x000X\x03\0\0\0cpu".to_vec(),
        int(numel),
        b"tQ".to_vec(),
        int(offset),
        tuple(shape),
        tuple(strides),
        b"\x89ccollections\nOrderedDict\n)RtRs.".to_vec(),
    ]
    .concat()
}

#[test]
fn safetensors_headers() {
    let tensor = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    let max = u64::MAX;
    refused(
        safetensors(&tensor("[4]", 0, 12), 16),
        "does not fit its offsets",
    );
    refused(
        safetensors(&tensor("[4]", 16, 0), 16),
        "does not fit its offsets",
    );
    refused(safetensors(&tensor("[4]", 0, 16), 12), "cut");
    refused(safetensors(&tensor("[4]", 0, 16), 20), "joined");
    refused(safetensors(&tensor("[4]", 4, 20), 20), "starts at 4");
    refused(
        safetensors(&tensor("[4611686018427387904,4]", 0, 16), 16),
        "does not fit",
    );
    refused(
        safetensors(&tensor("[4611686018427387903]", 0, max - 3), 16),
        "cut",
    );
    refused(
        safetensors(&tensor("[4611686018427387902]", 8, max - 7), 16),
        "does not fit",
    );
    refused(safetensors(&tensor("[-1]", 0, 4), 4), "not valid");
    refused(
        safetensors(&tensor("[1,1,1,1,1,1,1,1,1]", 0, 4), 4),
        "9 dimensions",
    );
    refused(
        safetensors(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12,
        ),
        "tensor b starts at 4, but the one before it ends at 8",
    );
    // Sizes that wrap when they are added: eight tensors of 2^61 bytes.
    let many: Vec<_> = (0..8u64)
        .map(|i| {
            let (from, size) = (i << 61, 1u64 << 61);
            let to = from.wrapping_add(size).max(from);
            format!(r#""t{i}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{from},{to}]}}"#)
        })
        .collect();
    assert!(read(safetensors(&format!("{{{}}}", many.join(",")), 0)).is_err());
    refused(
        safetensors(
            r#"{"w":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}"#,
            4,
        ),
        "F7",
    );
    refused(
        safetensors(
            r#"{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#,
            8,
        ),
        "no known",
    );
    refused(safetensors(r#"{"w":{"a":"b"}}"#, 0), "no type");
    refused(
        safetensors(
            r#"{"w\u001b[31m":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}"#,
            5,
        ),
        r"w\u{1b}[31m",
    );
    refused(safetensors(&"{\"a\":".repeat(100_000), 0), "not valid");
    refused(safetensors("{}", 0), "no known");

    for length in [17 << 20, u64::MAX, 1 << 63, u64::MAX - 7] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        refused(bytes, "claims a header");
    }
    refused(
        [&100u64.to_le_bytes()[..], b"{}"].concat(),
        "the file is cut",
    );
}

#[test]
fn files_of_other_kinds() {
    for (bytes, part) in [
        (&b""[..], "too short"),
        (b"abc", "too short"),
        (b"<!DOCTYPE html><html>", "web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "Git LFS",
        ),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", "no known format"),
        (
            b"\x80\x04\x95\0\0\0\0\0\0\0\0K\x01.",
            "not one that torch.save wrote",
        ),
    ] {
        refused(bytes.to_vec(), part);
    }
}

#[test]
fn files_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let open = || StateDict::open(&path).map(|dict| dict.names().count());
    assert!(matches!(open(), Err(Error::Io { .. })));
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(open(), Err(Error::Weights { .. })));
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, b"").unwrap();
    let text = open().unwrap_err().to_string();
    assert!(
        text.contains("model.onnx") && text.contains("empty"),
        "{text}"
    );
    // The first bytes decide, not the name.
    for name in FILES {
        std::fs::copy(data::committed(name), &path).unwrap();
        assert!(open().is_ok_and(|n| n > 4), "{name}");
    }
}

#[test]
fn pickles_that_would_run_code() {
    for (module, name) in [
        ("os", "system"),
        ("builtins", "eval"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_qtensor"),
        ("collections", "defaultdict"),
    ] {
        let by_line = format!("\x02c{module}\n{name}\nX\x04\0\0\0true\u{0}");
        let by_line = by_line.trim_end_matches('\0').as_bytes();
        let pickle = [b"\x80", by_line, b"\x85R."].concat();
        refused(pth(&pickle), &format!("{module}.{name}"));
        let short = |s: &str| [&[0x8c, s.len() as u8], s.as_bytes()].concat();
        let pickle = [b"\x80\x04", &short(module)[..], &short(name), b"\x93)R."].concat();
        refused(pth(&pickle), &format!("{module}.{name}"));
    }
    // The error says what it refused and that nothing ran, on one line, whatever the name holds.
    let long = format!("\u{1b}[2J{}", "x".repeat(100_000));
    let pickle = [b"\x80\x02cos\n", long.as_bytes(), b"\n."].concat();
    let error = read(pth(&pickle)).err().map(|e| e.to_string()).unwrap();
    assert!(error.len() < 600 && !error.contains('\u{1b}'), "{error}");
}

#[test]
fn pickles_that_grow() {
    let deep = [b"\x80\x02".to_vec(), b"]".repeat(900_000), b".".to_vec()].concat();
    refused(pth(&deep), "no dictionary");
    let marks = [b"\x80\x02".to_vec(), b"(".repeat(900_000), b".".to_vec()].concat();
    refused(pth(&marks), "more from its stack");
    // Nested one inside the other, so that a recursive reader or destructor would overflow its stack.
    let nested = [b"]".repeat(400_000), b"a".repeat(399_999), b".".to_vec()].concat();
    refused(pth(&nested), "no dictionary");
    let endless = [b"\x80\x02".to_vec(), b"N0".repeat(4_000_000)].concat();
    refused(pth(&endless), "longer than any");
    // A list that contains itself, and a dictionary that wraps itself.
    refused(pth(b"]q\0h\0a."), "no dictionary");
    refused(pth(b"}q\0X\x06\0\0\0paramsh\0s."), "no tensors");
    // One list of 60,000 pairs, copied again and again.
    let pairs = b"NN\x86".repeat(60_000);
    let copy = b"ccollections\nOrderedDict\nh\0\x85R".repeat(1_000);
    let pickle = [b"(", &pairs[..], b"lq\0", &copy, b"."].concat();
    refused(pth(&pickle), "copies more");
    // Claims of lengths that are not there.
    for op in [
        &b"X\xff\xff\xff\xff"[..],
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x8b\xff\xff\xff\x7f",
        b"B\xff\xff\xff\xff",
        b"U\xff",
        b"q",
        b"J\0\0",
    ] {
        refused(pth(op), "the file is cut");
    }
    for op in [
        &b"0."[..],
        b".",
        b"t.",
        b"(0t.",
        b"h\x05.",
        b"a.",
        b"]u.",
        b"K\x01q\0(s.",
        b"R.",
        b")Q.",
        b"K\x01)R.",
        b"}(K\x01u.",
        b"b.",
    ] {
        assert!(read(pth(op)).is_err(), "{op:?}");
    }
    refused(pth(b"\x80\x02i."), "opcode 0x69");
}

#[test]
fn pth_tensors_outside_their_storage() {
    let max = u64::MAX >> 1;
    // Sound, but no network: the reader itself accepts it.
    refused(
        pth(&tensor_pickle(16, 0, &[4, 4], &[4, 1])),
        "no known network",
    );
    for (numel, offset, shape, strides, part) in [
        (17, 0, &[1u64][..], &[1u64][..], "claims a storage of 17"),
        (max, 0, &[1], &[1], "claims a storage"),
        (16, 1, &[16], &[1], "outside its storage"),
        (16, 0, &[4, 4], &[5, 1], "outside its storage"),
        (16, max, &[2], &[max], "outside its storage"),
        (16, 0, &[max, max], &[1, 1], "outside its storage"),
        (16, 0, &[1 << 40], &[0], "repeats elements"),
        (16, 0, &[4], &[1, 1], "1 dimensions and 2 strides"),
        (16, 0, &[1; 9], &[1; 9], "short tuple"),
        (u64::MAX, 0, &[1], &[1], "claims a storage"),
    ] {
        refused(pth(&tensor_pickle(numel, offset, shape, strides)), part);
    }
    let missing = zip(&[("data.pkl", &tensor_pickle(4, 0, &[4], &[1]))]);
    refused(missing, "storage 0 is missing");
}

#[test]
fn zip_archives() {
    refused(zip(&[("readme.txt", b"hello")]), "no data.pkl");
    refused(
        zip(&[("data.pkl", b"}."), ("constants.pkl", b").")]),
        "TorchScript",
    );
    refused(
        zip(&[("data.pkl", b"}."), ("byteorder", b"big")]),
        "big-endian",
    );
    refused(
        zip(&[("data.pkl", b"}X\x05\0\0\0epochK\x03s.")]),
        "found: epoch",
    );
    let method = zip::CompressionMethod::Deflated;
    let packed = zip_with(&[("data.pkl", &[b'N'; 1000])], method);
    refused(packed, "compressed");
}

/// Many tensors that share one storage: the file is small, what they claim is not.
#[test]
fn shared_storage_is_bounded() {
    let one = tensor_pickle(1 << 14, 0, &[1 << 14], &[1]);
    let (_, body) = one.split_at(3);
    let body = &body[..body.len() - 2];
    let mut pickle = b"\x80\x02}".to_vec();
    for i in 0..64u8 {
        let mut item = body.to_vec();
        item[5] = i + b'0';
        pickle.extend(item);
        pickle.push(b's');
    }
    pickle.push(b'.');
    refused(
        zip(&[("data.pkl", &pickle), ("data/0", &[0; 4 << 14])]),
        "its tensors claim",
    );
}

fn committed(name: &str) -> Vec<u8> {
    std::fs::read(data::committed(name)).expect("a committed file")
}

const FILES: [&str; 4] = [
    "compact-4x1-x2-relu.safetensors",
    "span-5-x3-slim.safetensors",
    "compact-8x2-x2.pth",
    "compact-8x2-x2-legacy.pth",
];

/// A cut file never passes: that is what an interrupted download leaves.
#[test]
fn truncation_is_always_found() {
    for name in FILES {
        let bytes = committed(name);
        assert!(read(bytes.clone()).is_ok(), "{name}");
        let step = bytes.len() / 500;
        for length in (0..bytes.len())
            .step_by(step)
            .chain(bytes.len() - 64..bytes.len())
        {
            assert!(
                read(bytes[..length].to_vec()).is_err(),
                "{name} cut to {length}"
            );
        }
    }
}

/// Tensors of the wrong shape, missing, foreign, or not finite.
#[test]
fn networks_that_do_not_fit_together() {
    let name = "compact-4x1-x2-relu.safetensors";
    let good = committed(name);
    let change = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let mut bytes = good.clone();
        let at = (0..bytes.len() - from.len())
            .find(|at| bytes[*at..].starts_with(from.as_bytes()))
            .expect("the text to change");
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    refused(
        change("[4,4,3,3]", "[2,8,3,3]"),
        "body.2.weight has shape [2, 8, 3, 3], expected [4, 4, 3, 3]",
    );
    refused(
        change("[4,3,3,3]", "[3,4,3,3]"),
        "no whole enlargement of 4",
    );
    refused(change("[12,4,3,3]", "[24,2,3,3]"), "body.4");
    refused(change("body.0.bias", "body.0.what"), "body.0.what");
    refused(
        change("act_type", "act_kind"),
        "act_type = relu or leakyrelu",
    );
    let mut bytes = good.clone();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(bytes, "holds NaN");
}

/// Every way to fill and empty the stack, and the calls that build tensors.
const OPCODES: &[&[u8]] = &[
    b"(",
    b")",
    b"]",
    b"}",
    b"t",
    b"l",
    b"d",
    b"\x85",
    b"\x86",
    b"\x87",
    b"a",
    b"e",
    b"s",
    b"u",
    b"q\0",
    b"q\x01",
    b"h\0",
    b"h\x01",
    b"\x94",
    b"0",
    b"1",
    b"2",
    b"N",
    b"\x88",
    b"K\x01",
    b"M\x01\x01",
    b"\x8a\x01\xff",
    b"X\x01\0\0\x000",
    b"\x8c\x07storage",
    b"ctorch\nFloatStorage\n",
    b"Q",
    b"R",
    b"b",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch._utils\n_rebuild_parameter\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch\nSize\n",
    b".",
];

proptest! {
    /// Flipped bytes and cuts: whatever comes of it, it is a result.
    #[test]
    fn damage_never_panics(
        file in 0..FILES.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        // Most damage goes to the parts that are parsed: the head, or a zip's tail.
        region in prop_oneof![Just((0, 2000)), Just((0, usize::MAX)), Just((usize::MAX, 3000))],
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = committed(FILES[file]);
        let length = bytes.len();
        let (from, span) = match region {
            (usize::MAX, tail) => (length.saturating_sub(tail), tail.min(length)),
            (from, span) => (from, span.min(length)),
        };
        for (index, value) in flips {
            bytes[from + index.index(span)] ^= value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(length));
        }
        let _ = read(bytes);
    }

    /// Bytes that never were a file, behind each container's first bytes.
    #[test]
    fn noise_never_panics(
        magic in prop::sample::select(vec![
            &b"PK\x03\x04"[..],
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
            b"\x40\0\0\0\0\0\0\0{",
            b"",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = read([magic, &noise].concat());
    }

    /// Pickles made of the opcodes that are known, in any order.
    #[test]
    fn any_pickle_ends(ops in prop::collection::vec(prop::sample::select(OPCODES), 0..60)) {
        let _ = read(pth(&ops.concat()));
    }
}
