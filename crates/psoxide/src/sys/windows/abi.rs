//! Numbers of the Windows headers. `live` compares them with the headers.

/// `ERROR_INVALID_FUNCTION` and other numbers of winerror.h.
pub(super) const INVALID_FUNCTION: i32 = 1;
pub(super) const GEN_FAILURE: i32 = 31;
pub(super) const NOT_SUPPORTED: i32 = 50;
pub(super) const INVALID_PARAMETER: i32 = 87;
pub(super) const INVALID_NAME: i32 = 123;
pub(super) const PARTIAL_COPY: i32 = 299;
pub(super) const NOACCESS: i32 = 998;
pub(super) const SERVICE_DOES_NOT_EXIST: i32 = 1060;
pub(super) const NONE_MAPPED: i32 = 1332;

/// `PROCESS_TERMINATE` and other access rights of winnt.h.
pub(super) mod access {
    #![cfg_attr(not(windows), allow(dead_code))] // some act on a process

    pub(in super::super) const TERMINATE: u32 = 0x1;
    pub(in super::super) const VM_READ: u32 = 0x10;
    pub(in super::super) const DUP_HANDLE: u32 = 0x40;
    pub(in super::super) const SET_INFORMATION: u32 = 0x200;
    pub(in super::super) const QUERY_INFORMATION: u32 = 0x400;
    pub(in super::super) const SUSPEND_RESUME: u32 = 0x800;
    pub(in super::super) const QUERY_LIMITED_INFORMATION: u32 = 0x1000;
    pub(in super::super) const SYNCHRONIZE: u32 = 0x10_0000;
}

/// The security identifier of the system itself, S-1-5-18.
pub(super) const LOCAL_SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
