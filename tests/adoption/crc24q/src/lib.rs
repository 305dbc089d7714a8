//! The three functions of gpsd's `include/crc24q.h`: Qualcomm's 24-bit CRC, which ends every RTCM3 message.

/// The generator polynomial, without its leading term.
const POLYNOMIAL: u32 = 0x0086_4cfb;
const MASK: u32 = 0x00ff_ffff;
const BYTES: usize = 3;

fn hash(data: &[u8]) -> u32 {
    data.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 16, |crc, _| {
            (crc << 1 ^ if crc & 0x0080_0000 == 0 { 0 } else { POLYNOMIAL }) & MASK
        })
    })
}

/// # Safety
/// `data` points at `length` bytes.
unsafe fn bytes<'a>(data: *const u8, length: i32) -> &'a [u8] {
    match usize::try_from(length) {
        Ok(length) if length > 0 => std::slice::from_raw_parts(data, length),
        _ => &[],
    }
}

/// # Safety
/// `data` points at `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn crc24q_hash(data: *const u8, length: i32) -> u32 {
    hash(bytes(data, length))
}

/// # Safety
/// `data` points at `length` bytes and three more, which are written.
#[no_mangle]
pub unsafe extern "C" fn crc24q_sign(data: *mut u8, length: i32) {
    let crc = crc24q_hash(data, length).to_be_bytes();
    std::ptr::copy_nonoverlapping(crc[1..].as_ptr(), data.add(length as usize), BYTES);
}

/// # Safety
/// `data` points at `length` bytes, the last three of which are the CRC of the others.
#[no_mangle]
pub unsafe extern "C" fn crc24q_check(data: *const u8, length: i32) -> bool {
    let all = bytes(data, length);
    all.len() >= BYTES && hash(&all[..all.len() - BYTES]).to_be_bytes()[1..] == all[all.len() - BYTES..]
}
