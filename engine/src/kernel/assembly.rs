//! What the compiler made of the kernels: their inner loops must keep everything in registers.
//!
//! A register tile that is too large for the register file still computes the right sums, at half the speed,
//! because the compiler moves accumulators to the stack and back in the inner loop. So these tests read the
//! machine code behind the kernel tables. Kernels are read and not run: every instruction set is checked, whatever
//! the processor.
//!
//! Only optimised code says anything: with debug assertions on, pointer arithmetic is checked in the loops, so
//! the tests are compiled without them only (`cargo test --release`).

use super::gemm::{Gemm, gemm};
use super::table::{Kernels, RegisterTile};
use crate::simd::{Avx512, Isa};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use std::collections::BTreeMap;

/// Longest instruction.
const LONGEST: usize = 15;

/// Where a function's code comes from.
trait Code {
    /// Bytes from `address` on, at least one instruction.
    fn at(&self, address: u64) -> &[u8];
}

/// This process.
struct Loaded;

impl Code for Loaded {
    fn at(&self, address: u64) -> &[u8] {
        // SAFETY: only addresses that control flow reaches from a function of this program are asked for. More
        // code than an instruction's length follows each of them: kernels lie before the standard library's.
        unsafe { std::slice::from_raw_parts(address as *const u8, LONGEST) }
    }
}

/// A listing made by hand, at address 0.
struct Listing(&'static [u8]);

impl Code for Listing {
    fn at(&self, address: u64) -> &[u8] {
        &self.0[address as usize..]
    }
}

/// All instructions that control flow can reach from `entry`, by address. Calls are passed over.
fn reachable(code: &dyn Code, entry: u64) -> BTreeMap<u64, Instruction> {
    let mut found = BTreeMap::new();
    let mut open = vec![entry];
    while let Some(at) = open.pop() {
        if found.contains_key(&at) {
            continue;
        }
        let instruction = Decoder::with_ip(64, code.at(at), at, DecoderOptions::NONE).decode();
        assert!(!instruction.is_invalid(), "no instruction at {at:x}");
        found.insert(at, instruction);
        let (next, target) = (instruction.next_ip(), instruction.near_branch_target());
        match instruction.flow_control() {
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => open.push(next),
            FlowControl::ConditionalBranch => open.extend([next, target]),
            FlowControl::UnconditionalBranch => open.push(target),
            _ => {}
        }
    }
    found
}

fn multiplies(instruction: &Instruction) -> bool {
    use Mnemonic::*;
    matches!(
        instruction.mnemonic(),
        Vfmadd132ps | Vfmadd213ps | Vfmadd231ps | Mulps | Vmulps
    )
}

/// Whether a single float is loaded, to be multiplied with vectors. Epilogues multiply as much as reductions do,
/// but with constants.
fn broadcasts(instruction: &Instruction) -> bool {
    use Mnemonic::*;
    let single = matches!(instruction.mnemonic(), Vbroadcastss | Movss | Vmovss);
    let loads = instruction.op1_kind() == OpKind::Memory;
    (single && loads || instruction.is_broadcast()) && !instruction.is_ip_rel_memory_operand()
}

/// Whether a vector goes to the stack or comes from it.
fn spills(instruction: &Instruction, frame_pointer: bool) -> bool {
    let base = instruction.memory_base();
    let stack = base == Register::RSP || frame_pointer && base == Register::RBP;
    let kinds = 0..instruction.op_count();
    stack
        && kinds
            .clone()
            .any(|i| instruction.op_kind(i) == OpKind::Memory)
        && kinds
            .clone()
            .any(|i| instruction.op_register(i).is_vector_register())
}

/// The innermost loops that load at least `rows` floats and multiply `products` times: how many of their
/// instructions spill.
fn inner_loops(code: &dyn Code, entry: u64, rows: usize, products: usize) -> Vec<usize> {
    let instructions = reachable(code, entry);
    let frame_pointer = instructions.values().any(|i| {
        i.mnemonic() == Mnemonic::Mov
            && (i.op0_register(), i.op1_register()) == (Register::RBP, Register::RSP)
    });
    let loops: Vec<(u64, u64)> = instructions
        .values()
        .filter(|i| {
            let branch = matches!(
                i.flow_control(),
                FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
            );
            branch && i.near_branch_target() <= i.ip()
        })
        .map(|i| (i.near_branch_target(), i.ip()))
        .collect();
    let innermost = loops.iter().filter(|(start, end)| {
        !loops
            .iter()
            .any(|inner| inner != &(*start, *end) && *start <= inner.0 && inner.1 <= *end)
    });
    innermost
        .map(|&(start, end)| instructions.range(start..=end).map(|(_, i)| i))
        .filter(|body| body.clone().filter(|i| multiplies(i)).count() >= products)
        .filter(|body| body.clone().filter(|i| broadcasts(i)).count() >= rows)
        .map(|body| body.filter(|i| spills(i, frame_pointer)).count())
        .collect()
}

/// Every kernel's register tile on one instruction set, with the function's address.
fn kernels(isa: Isa) -> Vec<(String, RegisterTile, u64)> {
    let kernels = Kernels::of(isa);
    let gemm = kernels.gemm.iter().map(|kernel| {
        let address = kernel.run as *const () as u64;
        (format!("{isa} gemm"), kernel.tile, address)
    });
    let tiles = kernels.direct_tiles.iter();
    let direct = kernels.direct.iter().zip(tiles).map(|(&run, &tile)| {
        let address = run as *const () as u64;
        (format!("{isa} direct"), tile, address)
    });
    gemm.chain(direct).collect()
}

#[test]
fn inner_loops_stay_in_registers() {
    let mut wrong = Vec::new();
    // Plain x86-64 multiplies half a vector of eight at a time; a build for a later one does not.
    let halves = if cfg!(target_feature = "avx") { 1 } else { 2 };
    for (isa, parts) in [(Isa::Avx512, 1), (Isa::Avx2, 1), (Isa::Portable, halves)] {
        for (name, tile, address) in kernels(isa) {
            let products = tile.rows * tile.vectors * parts;
            let loops = inner_loops(&Loaded, address, tile.rows, products);
            // A kernel whose loop is not found is one that the check has lost sight of.
            if loops.is_empty() || loops.iter().any(|&spilled| spilled > 0) {
                wrong.push(format!("{name} {}x{}: {loops:?}", tile.rows, tile.vectors));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "vectors on the stack in inner loops: {wrong:#?}"
    );
}

/// The check sees a tile that is too large: 30 accumulators, 3 weights and a broadcast do not fit 32 registers.
#[test]
fn an_oversized_tile_is_found() {
    #[target_feature(enable = "avx512f")]
    unsafe fn oversized(a: &mut Gemm) {
        // SAFETY: never called.
        unsafe { gemm::<Avx512, 10, 3>(a) }
    }
    let entry = oversized as unsafe fn(&mut Gemm) as *const () as u64;
    let loops = inner_loops(&Loaded, entry, 10, 30);
    assert!(loops.iter().any(|&spilled| spilled > 0), "{loops:?}");
}

/// Which instructions count, on code whose answer is known.
#[test]
fn hand_made_loops() {
    // mov [rsp+8], rcx; l: vmovups ymm0, [rsp]; vfmadd231ps ymm1, ymm0, [rsi]; dec rcx; jne l; ret
    let reload: &[u8] = &[
        0x48, 0x89, 0x4c, 0x24, 0x08, 0xc5, 0xfc, 0x10, 0x04, 0x24, 0xc4, 0xe2, 0x7d, 0xb8, 0x0e,
        0x48, 0xff, 0xc9, 0x75, 0xf1, 0xc3,
    ];
    assert_eq!(inner_loops(&Listing(reload), 0, 0, 1), [1]);
    // The same with [rdi] in the place of [rsp].
    let clean: &[u8] = &[
        0x48, 0x89, 0x4c, 0x24, 0x08, 0xc5, 0xfc, 0x10, 0x07, 0xc4, 0xe2, 0x7d, 0xb8, 0x0e, 0x48,
        0xff, 0xc9, 0x75, 0xf2, 0xc3,
    ];
    assert_eq!(inner_loops(&Listing(clean), 0, 0, 1), [0]);
    // Too few multiplications, or nothing broadcast: not the loop that is looked for.
    assert_eq!(inner_loops(&Listing(clean), 0, 1, 1), [0usize; 0]);
    assert_eq!(inner_loops(&Listing(clean), 0, 0, 2), [0usize; 0]);
}
