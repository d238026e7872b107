//! Reads accounts and sessions.

use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, GetLengthSid, GetTokenInformation, LUID_AND_ATTRIBUTES, LookupAccountSidW,
    LookupPrivilegeValueW, PSID, SE_DEBUG_NAME, SE_PRIVILEGE_ENABLED, SID_NAME_USE, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_PRIVILEGES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::RemoteDesktop::{
    WTS_CLIENT_ADDRESS, WTS_CURRENT_SERVER_HANDLE, WTS_SESSION_INFOW, WTSClientAddress, WTSEnumerateSessionsW,
    WTSFreeMemory, WTSINFOW, WTSQuerySessionInformationW, WTSSessionInfo, WTSUserName,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{Filled, check, fill, last_error, length, terminated, too_small};
use crate::sys::question::Answer;
use crate::sys::windows::calls::SessionClass;

/// Checks the layout that `psoxide_parse` assumes.
const _: () = {
    assert!(size_of::<WTS_CLIENT_ADDRESS>() == 24 && std::mem::offset_of!(WTS_CLIENT_ADDRESS, Address) == 4);
    assert!(std::mem::offset_of!(WTSINFOW, LogonTime) == 200);
    assert!(SessionClass::UserName as i32 == WTSUserName && SessionClass::Info as i32 == WTSSessionInfo);
    assert!(SessionClass::ClientAddress as i32 == WTSClientAddress);
};

/// Opens the token of a process.
fn token(process: HANDLE, access: u32) -> Result<OwnedHandle, i32> {
    let mut token = ptr::null_mut();
    // SAFETY: the process handle is open, or a pseudo handle of this process. The pointer for the token is live.
    check(unsafe { OpenProcessToken(process, access, &raw mut token) })?;
    // SAFETY: the handle is new and has no other owner.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// Returns the security identifier of the user under whose account a process runs.
pub(super) fn account_of(process: BorrowedHandle<'_>) -> Answer {
    let token = token(process.as_raw_handle(), TOKEN_QUERY)?;
    let mut identifier = Vec::new();
    fill(256, |buffer, room| {
        let mut needed = 0;
        // SAFETY: the token is open, and the buffer has `room` bytes.
        match unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, buffer, room, &raw mut needed) } {
            0 if too_small() => Filled::TooSmall(needed),
            0 => Filled::Failed(last_error()),
            _ => {
                // SAFETY: the buffer is longer than a TOKEN_USER, aligned for it, and was filled with one.
                let user = unsafe { buffer.cast::<TOKEN_USER>().read() };
                // SAFETY: the call wrote a pointer to an identifier within the buffer, which is live.
                identifier = unsafe { bytes_of(user.User.Sid) };
                Filled::Done(needed)
            }
        }
    })?;
    Ok(identifier)
}

/// # Safety
/// `sid` points to a valid security identifier.
unsafe fn bytes_of(sid: PSID) -> Vec<u8> {
    // SAFETY: the caller guarantees a valid identifier.
    let size = unsafe { GetLengthSid(sid) };
    // SAFETY: a valid identifier has this many bytes.
    unsafe { std::slice::from_raw_parts(sid.cast::<u8>(), size as usize) }.to_vec()
}

/// Returns the domain and the name of a security identifier.
pub(super) fn account_name(sid: &[u8]) -> Answer {
    let (mut name, mut domain) = (vec![0u16; 256], vec![0u16; 256]);
    loop {
        let (mut of_name, mut of_domain) = (length(&name), length(&domain));
        let mut kind: SID_NAME_USE = 0;
        // SAFETY: the identifier came from Windows, and the buffers have the sizes that the numbers give.
        let answer = unsafe {
            LookupAccountSidW(
                ptr::null(),
                sid.as_ptr().cast_mut().cast(),
                name.as_mut_ptr(),
                &raw mut of_name,
                domain.as_mut_ptr(),
                &raw mut of_domain,
                &raw mut kind,
            )
        };
        match check(answer) {
            Ok(()) => return Ok([terminated(&domain), terminated(&name)].concat()),
            Err(_) if too_small() && name.len() < 1 << 15 => {
                name.resize((of_name as usize).max(name.len() * 2), 0);
                domain.resize((of_domain as usize).max(domain.len() * 2), 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Enables the debug privilege, with which any process can be opened. Without it, other users' processes stay closed.
pub(super) fn acquire_debug_privilege() -> Result<(), i32> {
    // SAFETY: the call returns a pseudo handle of this process, which needs no closing.
    let token = token(unsafe { GetCurrentProcess() }, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY)?;
    let mut privileges = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Attributes: SE_PRIVILEGE_ENABLED, ..LUID_AND_ATTRIBUTES::default() }],
    };
    let [privilege] = &mut privileges.Privileges;
    // SAFETY: the name is a constant of Windows, and the identifier is live.
    check(unsafe { LookupPrivilegeValueW(ptr::null(), SE_DEBUG_NAME, &raw mut privilege.Luid) })?;
    // SAFETY: the token is open and the struct is live. The pointer for the old state is null.
    check(unsafe {
        AdjustTokenPrivileges(token.as_raw_handle(), 0, &raw const privileges, 0, ptr::null_mut(), ptr::null_mut())
    })
}

/// Memory that the terminal services allocated.
struct Given<T>(*mut T);

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        // SAFETY: the terminal services returned the pointer, and it is freed once.
        unsafe { WTSFreeMemory(self.0.cast()) };
    }
}

pub(super) fn sessions() -> Answer {
    let (mut list, mut count) = (ptr::null_mut::<WTS_SESSION_INFOW>(), 0);
    // SAFETY: both pointers are live.
    check(unsafe { WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &raw mut list, &raw mut count) })?;
    let list = Given(list);
    if list.0.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the call returned this many structs at this address. They live until `list` is dropped.
    let all = unsafe { std::slice::from_raw_parts(list.0, count as usize) };
    let mut bytes = Vec::new();
    for session in all {
        bytes.extend(session.SessionId.to_le_bytes());
        if !session.pWinStationName.is_null() {
            // SAFETY: the services return a NUL-terminated text, which lives until `list` is dropped.
            bytes.extend(unsafe { text_at(session.pWinStationName) });
        }
        bytes.extend([0; 2]);
    }
    Ok(bytes)
}

/// # Safety
/// `text` points to a text that ends with a NUL.
unsafe fn text_at(text: *const u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in 0.. {
        // SAFETY: the caller guarantees a NUL, and nothing after it is read.
        match unsafe { *text.add(at) } {
            0 => break,
            unit => bytes.extend(unit.to_le_bytes()),
        }
    }
    bytes
}

pub(super) fn session(class: SessionClass, session: u32) -> Answer {
    let (mut buffer, mut size) = (ptr::null_mut(), 0);
    // SAFETY: both pointers are live.
    check(unsafe {
        WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, session, class as i32, &raw mut buffer, &raw mut size)
    })?;
    let given = Given(buffer);
    if given.0.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the call returned this many bytes at this address. They live until `given` is dropped.
    let bytes = unsafe { std::slice::from_raw_parts(given.0.cast::<u8>(), size as usize) };
    Ok(match class {
        SessionClass::UserName => bytes.strip_suffix(&[0; 2]).unwrap_or(bytes),
        SessionClass::ClientAddress | SessionClass::Info => bytes,
    }
    .to_vec())
}
