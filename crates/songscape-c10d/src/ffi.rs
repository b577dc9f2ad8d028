//! The C interface of the shim: the crate's one unsafe module.
//!
//! Handles are freed once, by `Drop`. c10d's stores and groups may be used from any thread, a group by one
//! at a time; [`Group`] is therefore `Send` and not `Sync`. All functions of the shim catch C++ exceptions.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::net::TcpListener;
use std::os::fd::IntoRawFd;
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

#[repr(C)]
struct RawStore {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawGroup {
    _opaque: [u8; 0],
}

/// What c10d said when it failed.
pub(crate) type Reason = String;

unsafe extern "C" {
    fn ss_text_free(text: *mut c_char);
    fn ss_version() -> *mut c_char;
    fn ss_instructions() -> *mut c_char;
    fn ss_build() -> *mut c_char;
    fn ss_store_tcp(
        host: *const c_char,
        port: u16,
        listener: c_int,
        timeout: i64,
        out: *mut *mut RawStore,
    ) -> *mut c_char;
    fn ss_store_prefix(
        inner: *mut RawStore,
        prefix: *const c_char,
        out: *mut *mut RawStore,
    ) -> *mut c_char;
    fn ss_store_set(
        store: *mut RawStore,
        key: *const c_char,
        bytes: *const u8,
        length: usize,
    ) -> *mut c_char;
    fn ss_store_get(
        store: *mut RawStore,
        key: *const c_char,
        bytes: *mut *mut c_char,
        length: *mut usize,
    ) -> *mut c_char;
    fn ss_store_add(
        store: *mut RawStore,
        key: *const c_char,
        amount: i64,
        out: *mut i64,
    ) -> *mut c_char;
    fn ss_store_free(store: *mut RawStore);
    fn ss_group_new(
        store: *mut RawStore,
        rank: c_int,
        size: c_int,
        timeout: i64,
        network: *const c_char,
        make: *const c_void,
        out: *mut *mut RawGroup,
    ) -> *mut c_char;
    fn ss_group_free(group: *mut RawGroup);
    fn ss_all_reduce(group: *mut RawGroup, tensor: *mut C_tensor, timeout: i64) -> *mut c_char;
    fn ss_broadcast(group: *mut RawGroup, tensor: *mut C_tensor, timeout: i64) -> *mut c_char;
    fn ss_all_gather(
        group: *mut RawGroup,
        to: *mut C_tensor,
        from: *mut C_tensor,
        timeout: i64,
    ) -> *mut c_char;
}

/// A text of the shim as ours.
fn take(text: *mut c_char) -> String {
    if text.is_null() {
        return String::new(); // no memory for it
    }
    // SAFETY: not null, so a text that ends with zero and is ours to free, which is done once, here.
    unsafe {
        let own = CStr::from_ptr(text).to_string_lossy().into_owned();
        ss_text_free(text);
        own
    }
}

/// What a function of the shim returned.
fn outcome(message: *mut c_char) -> Result<(), Reason> {
    if message.is_null() { Ok(()) } else { Err(tidy(&take(message))) }
}

/// Without the places in libtorch's sources where a message was made.
fn tidy(message: &str) -> String {
    let mut text = message.lines().next().unwrap_or_default().trim();
    while let Some((_, rest)) = text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
        text = rest.trim_start();
    }
    text.to_owned()
}

fn text(text: &str) -> Result<CString, Reason> {
    CString::new(text).map_err(|_| format!("{text:?} holds a zero byte"))
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1)
}

fn handle<T>(made: *mut T) -> Result<NonNull<T>, Reason> {
    NonNull::new(made).ok_or_else(|| "nothing was made".into())
}

/// libtorch in this process: its version, the vector instructions that it uses, and how it was built.
pub(crate) fn libtorch() -> [String; 3] {
    // SAFETY: no arguments; the texts are ours.
    unsafe { [take(ss_version()), take(ss_instructions()), take(ss_build())] }
}

/// A key-value store of c10d.
pub(crate) struct Store(NonNull<RawStore>);

// SAFETY: a TCPStore locks around each exchange with its server, and a PrefixStore only adds to the keys.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: made by the shim and not freed before.
        unsafe { ss_store_free(self.0.as_ptr()) }
    }
}

impl Store {
    /// Hosts the store on a socket that listens, or connects to it.
    pub(crate) fn connect(
        host: &str,
        port: u16,
        listener: Option<TcpListener>,
        timeout: Duration,
    ) -> Result<Self, Reason> {
        let (host, mut made) = (text(host)?, null_mut());
        let listener = listener.map_or(-1, IntoRawFd::into_raw_fd);
        // SAFETY: the text lives during the call; the socket is the store's from here on.
        let message = unsafe {
            ss_store_tcp(host.as_ptr(), port, listener, milliseconds(timeout), &raw mut made)
        };
        outcome(message)?;
        handle(made).map(Self)
    }

    /// The same store, with keys of its own.
    pub(crate) fn prefix(&self, prefix: &str) -> Result<Self, Reason> {
        let (prefix, mut made) = (text(prefix)?, null_mut());
        // SAFETY: the handle is alive; the new store shares what is behind it.
        outcome(unsafe { ss_store_prefix(self.0.as_ptr(), prefix.as_ptr(), &raw mut made) })?;
        handle(made).map(Self)
    }

    pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), Reason> {
        let key = text(key)?;
        // SAFETY: key and bytes live during the call.
        outcome(unsafe { ss_store_set(self.0.as_ptr(), key.as_ptr(), value.as_ptr(), value.len()) })
    }

    /// What is under a key, if it is there.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Reason> {
        let (key, mut bytes, mut length) = (text(key)?, null_mut(), 0);
        // SAFETY: the key lives during the call.
        outcome(unsafe {
            ss_store_get(self.0.as_ptr(), key.as_ptr(), &raw mut bytes, &raw mut length)
        })?;
        if bytes.is_null() {
            return Ok(None);
        }
        // SAFETY: not null, so `length` bytes that are ours to free, which is done once, here.
        let value = unsafe {
            let value = std::slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec();
            ss_text_free(bytes);
            value
        };
        Ok(Some(value))
    }

    /// Adds to a counter and returns it.
    pub(crate) fn add(&self, key: &str, amount: i64) -> Result<i64, Reason> {
        let (key, mut count) = (text(key)?, 0);
        // SAFETY: the key lives during the call.
        outcome(unsafe { ss_store_add(self.0.as_ptr(), key.as_ptr(), amount, &raw mut count) })?;
        Ok(count)
    }
}

/// A function that makes a backend, in a library that stays loaded.
#[derive(Clone, Copy)]
pub(crate) struct Plugin(*const c_void);

// SAFETY: the address of code.
unsafe impl Send for Plugin {}

impl Plugin {
    /// Opens the library of the NCCL backend; its names are seen by nobody else.
    pub(crate) fn open(path: &Path) -> Result<Self, Reason> {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

        let reason = |error: libloading::Error| {
            use std::error::Error as _;
            error.source().map_or_else(|| error.to_string(), ToString::to_string)
        };
        // SAFETY: loading runs the initialisers of the library and of NCCL, which expect to be loaded so.
        let library =
            unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(reason)?;
        // SAFETY: only the address is taken; the shim calls it as what it was compiled as.
        let symbol = unsafe { library.get::<*const c_void>(b"ss_nccl\0") }.map_err(reason)?;
        let address = symbol.into_raw().cast_const();
        // Never unloaded, so that the address stays good.
        std::mem::forget(library);
        Ok(Self(address))
    }
}

/// A group of c10d.
pub(crate) struct Group(NonNull<RawGroup>);

// SAFETY: nothing in a group belongs to the thread that made it.
unsafe impl Send for Group {}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: made by the shim and not freed before.
        unsafe { ss_group_free(self.0.as_ptr()) }
    }
}

/// A tensor as torch-sys passes it. The operations of a group change what is in the tensor's memory, as those of
/// tch that end in an underscore do; none changes the handle.
fn raw(tensor: &Tensor) -> *mut C_tensor {
    tensor.as_ptr().cast_mut()
}

impl Group {
    pub(crate) fn new(
        store: &Store,
        rank: usize,
        size: usize,
        timeout: Duration,
        network: &str,
        plugin: Option<Plugin>,
    ) -> Result<Self, Reason> {
        let number = |n: usize| c_int::try_from(n).map_err(|_| format!("{n} is too large"));
        let (rank, size) = (number(rank)?, number(size)?);
        let (network, mut made) = (text(network)?, null_mut());
        let make = plugin.map_or(std::ptr::null(), |plugin| plugin.0);
        // SAFETY: store and text live during the call; the group shares the store. `make` is null or the
        // function of the plugin, which is compiled from the same header.
        outcome(unsafe {
            ss_group_new(
                store.0.as_ptr(),
                rank,
                size,
                milliseconds(timeout),
                network.as_ptr(),
                make,
                &raw mut made,
            )
        })?;
        handle(made).map(Self)
    }

    /// Sums a contiguous tensor over all processes, in its place.
    pub(crate) fn all_reduce(&self, tensor: &Tensor, timeout: Duration) -> Result<(), Reason> {
        // SAFETY: both handles live during the call, which waits for the end of the operation.
        outcome(unsafe { ss_all_reduce(self.0.as_ptr(), raw(tensor), milliseconds(timeout)) })
    }

    /// Replaces a contiguous tensor by that of rank 0.
    pub(crate) fn broadcast(&self, tensor: &Tensor, timeout: Duration) -> Result<(), Reason> {
        // SAFETY: as in `all_reduce`.
        outcome(unsafe { ss_broadcast(self.0.as_ptr(), raw(tensor), milliseconds(timeout)) })
    }

    /// Fills the contiguous `to`, `[size * n, ...]`, with the contiguous `from`, `[n, ...]`, of all.
    pub(crate) fn all_gather(
        &self,
        to: &Tensor,
        from: &Tensor,
        timeout: Duration,
    ) -> Result<(), Reason> {
        let limit = milliseconds(timeout);
        // SAFETY: as in `all_reduce`.
        outcome(unsafe { ss_all_gather(self.0.as_ptr(), raw(to), raw(from), limit) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_the_places_in_sources() {
        let of_gloo = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:5";
        assert_eq!(tidy(of_gloo), "Connection closed by peer [127.0.0.1]:5");
        assert_eq!(tidy("[c10d] [x.cpp:1] late\nException raised from"), "late");
        assert_eq!(tidy(""), "");
    }

    #[test]
    fn libtorch_says_what_it_is() {
        let [version, instructions, build] = libtorch();
        assert!(version.starts_with("2."), "{version}");
        assert!(!instructions.is_empty() && build.contains("PyTorch"), "{instructions}, {build}");
    }
}
