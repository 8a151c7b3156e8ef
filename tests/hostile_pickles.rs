//! Checkpoints whose pickle is malicious: nothing runs, nothing grows, nothing lies outside its storage.

mod support;

use proptest::prelude::*;
use support::hostile::{pth, read, refused, zip};

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
    /// Pickles made of the opcodes that are known, in any order.
    #[test]
    fn any_pickle_ends(ops in prop::collection::vec(prop::sample::select(OPCODES), 0..60)) {
        let _ = read(pth(&ops.concat()));
    }
}
