//! The half of demo that parses and aggregates, and its C interface (`demo.h`).
//!
//! No panic leaves this crate: what C calls catches it and reports an error.

mod number;
mod selftest;
mod summary;
mod table;

use std::ffi::{c_char, c_int, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};

use summary::{Filter, Query};

/// `struct demo_query`.
#[repr(C)]
pub struct RawQuery {
    delimiter: c_char,
    by: *const c_char,
    value: *const c_char,
    filter: Option<Filter>,
}

/// Returns the text behind a C string that may be absent.
///
/// # Safety
/// `text` is null or a terminated string that lives as long as the result is used.
unsafe fn optional_text<'a>(text: *const c_char) -> Result<Option<&'a str>, String> {
    if text.is_null() {
        return Ok(None);
    }
    CStr::from_ptr(text).to_str().map(Some).map_err(|_| "a field name is not UTF-8".to_owned())
}

unsafe fn summarise(data: *const c_char, length: usize, query: &RawQuery) -> Result<String, String> {
    let data = std::slice::from_raw_parts(data.cast::<u8>(), length);
    let query = Query {
        delimiter: query.delimiter as u8,
        by: optional_text(query.by)?,
        value: optional_text(query.value)?,
        filter: query.filter,
    };
    summary::summarise(data, &query)
}

/// # Safety
/// As `demo.h` says: `data` holds `length` bytes, `query` and `report` point to values.
#[no_mangle]
pub unsafe extern "C" fn demo_summarise(
    data: *const c_char,
    length: usize,
    query: *const RawQuery,
    report: *mut *mut c_char,
) -> c_int {
    let result = catch_unwind(AssertUnwindSafe(|| summarise(data, length, &*query)))
        .unwrap_or_else(|_| Err("internal error".to_owned()));
    let (code, text) = match result {
        Ok(text) => (0, text),
        Err(text) => (-1, text),
    };
    *report = CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default().into_raw();
    code
}

/// # Safety
/// `report` comes from `demo_summarise` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn demo_release(report: *mut c_char) {
    if !report.is_null() {
        drop(CString::from_raw(report));
    }
}

/// # Safety
/// `bytes` holds `length` bytes, `value` points to a number.
#[no_mangle]
pub unsafe extern "C" fn demo_number(bytes: *const c_char, length: usize, value: *mut f64) -> c_int {
    let text = std::slice::from_raw_parts(bytes.cast::<u8>(), length);
    match std::str::from_utf8(text).ok().and_then(number::parse) {
        Some(number) => {
            *value = number;
            0
        }
        None => -1,
    }
}
