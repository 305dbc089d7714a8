//! The allocator, and random numbers.

use crate::children::run_child;
use crate::report::Report;
use std::alloc::{alloc, alloc_zeroed, dealloc, realloc, Layout};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

pub fn items(report: &mut Report) {
    report.debug("alloc alignments", || {
        (0..=21).map(|shift| aligned(24, 1 << shift)).collect::<Vec<_>>().into_iter().all(|fine| fine)
    });
    report.debug("alloc zeroed", || {
        let layout = Layout::from_size_align(1 << 20, 4096).unwrap();
        // SAFETY: the block is as large as what is read, and is given back with its layout.
        unsafe {
            let block = alloc_zeroed(layout);
            let zero = std::slice::from_raw_parts(block, layout.size()).iter().all(|byte| *byte == 0);
            dealloc(block, layout);
            (zero, block as usize % layout.align())
        }
    });
    report.debug("alloc grows", || grows(16) && grows(4096));
    report.debug("alloc too much", || {
        let mut block: Vec<u8> = Vec::new();
        (block.try_reserve(isize::MAX as usize).is_err(), block.try_reserve_exact(1 << 46).is_err())
    });
    report.debug("alloc error", || run_child("out-of-memory", &[]));
    report.debug("alloc across threads", || {
        let made = std::thread::spawn(|| (0..10_000).map(|n| vec![n as u8; n % 500]).collect::<Vec<_>>());
        made.join().unwrap().iter().map(Vec::len).sum::<usize>()
    });
    report
        .debug("hash states differ", || RandomState::new().hash_one("a word") != RandomState::new().hash_one("a word"));
    report.debug("collections", || {
        let map: HashMap<_, _> = (0..1000).map(|n| (n, n * n)).collect();
        let sorted: BTreeMap<_, _> = map.iter().filter(|(key, _)| **key % 250 == 0).collect();
        format!("{sorted:?}")
    });
}

fn aligned(size: usize, align: usize) -> bool {
    let layout = Layout::from_size_align(size, align).unwrap();
    // SAFETY: the block is written within its size and given back with its layout.
    unsafe {
        let block = alloc(layout);
        block.write_bytes(7, size);
        let fine = block as usize % align == 0 && *block.add(size - 1) == 7;
        dealloc(block, layout);
        fine
    }
}

fn grows(align: usize) -> bool {
    let mut layout = Layout::from_size_align(64, align).unwrap();
    // SAFETY: each new size is larger than the last, and only bytes within it are touched.
    unsafe {
        let mut block = alloc(layout);
        block.write_bytes(9, 64);
        for size in [1000, 100_000, 10_000_000, 100] {
            block = realloc(block, layout, size);
            layout = Layout::from_size_align(size, align).unwrap();
            if block as usize % align != 0 || std::slice::from_raw_parts(block, 64).iter().any(|byte| *byte != 9) {
                return false;
            }
        }
        dealloc(block, layout);
        true
    }
}
