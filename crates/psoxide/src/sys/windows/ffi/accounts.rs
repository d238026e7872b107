//! Accounts and sessions.

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_NONE_MAPPED, HANDLE};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, CreateWellKnownSid, GetLengthSid, GetTokenInformation, LUID_AND_ATTRIBUTES,
    LookupAccountSidW, LookupPrivilegeValueW, PSID, SE_DEBUG_NAME, SE_PRIVILEGE_ENABLED, SID_NAME_USE,
    TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY, TOKEN_USER, TokenUser, WinLocalSystemSid,
};
use windows_sys::Win32::System::RemoteDesktop::{
    WTS_CURRENT_SERVER_HANDLE, WTS_INFO_CLASS, WTS_SESSION_INFOW, WTSClientAddress, WTSEnumerateSessionsW,
    WTSFreeMemory, WTSINFOW, WTSQuerySessionInformationW, WTSSessionInfo, WTSUserName,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::process::too_small;
use super::{Answer, check, fill, length};
use crate::{Error, Result};

/// The token of a process.
fn token(process: HANDLE, access: u32) -> io::Result<OwnedHandle> {
    let mut token = ptr::null_mut();
    // SAFETY: the process handle is open or the one that always means this process; the token's is alive.
    check(unsafe { OpenProcessToken(process, access, &raw mut token) })?;
    // SAFETY: the handle is new and nobody else's.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// The security identifier of the user that a process runs as.
pub(crate) fn account_of(process: BorrowedHandle<'_>) -> Result<Vec<u8>> {
    let token = token(process.as_raw_handle(), TOKEN_QUERY).map_err(Error::io)?;
    let filled = fill(256, |buffer, capacity| {
        let mut needed = 0;
        // SAFETY: the token is open, and the buffer has the size that is told.
        match unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, buffer, capacity, &raw mut needed) } {
            0 if too_small() => Answer::TooSmall(needed),
            0 => Answer::Failed(io::Error::last_os_error()),
            _ => Answer::Done(needed),
        }
    })?;
    // SAFETY: the buffer is longer than a TOKEN_USER, aligned for it, and filled with one.
    let user = unsafe { filled.words.as_ptr().cast::<TOKEN_USER>().read() };
    // SAFETY: the pointer that the call filled in is to an identifier in the buffer, which is alive.
    Ok(unsafe { bytes_of(user.User.Sid) })
}

/// # Safety
/// `sid` points to a valid security identifier.
unsafe fn bytes_of(sid: PSID) -> Vec<u8> {
    // SAFETY: the caller's promise.
    let size = unsafe { GetLengthSid(sid) };
    // SAFETY: a valid identifier has as many bytes.
    unsafe { std::slice::from_raw_parts(sid.cast::<u8>(), size as usize) }.to_vec()
}

/// The security identifier of the system itself, as whom its own processes run.
pub(crate) fn system_account_of() -> Result<Vec<u8>> {
    let mut sid = vec![0u8; 68];
    let mut size = 68;
    // SAFETY: the buffer has the size that is told; SECURITY_MAX_SID_SIZE is 68.
    check(unsafe { CreateWellKnownSid(WinLocalSystemSid, ptr::null_mut(), sid.as_mut_ptr().cast(), &raw mut size) })
        .map_err(Error::io)?;
    sid.truncate(size as usize);
    Ok(sid)
}

/// Domain and name of a security identifier; `None` where nobody has it.
pub(crate) fn account_name(sid: &[u8]) -> Result<Option<(OsString, OsString)>> {
    let (mut name, mut domain) = (vec![0u16; 256], vec![0u16; 256]);
    loop {
        let (mut of_name, mut of_domain) = (length(&name), length(&domain));
        let mut kind: SID_NAME_USE = 0;
        // SAFETY: the identifier came from the system, and the buffers have as many units as the numbers say.
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
            Ok(()) => return Ok(Some((super::text(&domain), super::text(&name)))),
            Err(_) if too_small() && name.len() < 1 << 15 => {
                name.resize((of_name as usize).max(name.len() * 2), 0);
                domain.resize((of_domain as usize).max(domain.len() * 2), 0);
            }
            Err(error) if error.raw_os_error() == Some(ERROR_NONE_MAPPED.cast_signed()) => return Ok(None),
            Err(error) => return Err(Error::io(error)),
        }
    }
}

/// Asks for the right of debuggers to open any process; who may not have it goes without.
pub(crate) fn acquire_debug_privilege() -> io::Result<()> {
    // SAFETY: the handle that it returns always means this process, and needs no closing.
    let token = token(unsafe { GetCurrentProcess() }, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY)?;
    let mut privileges = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Attributes: SE_PRIVILEGE_ENABLED, ..LUID_AND_ATTRIBUTES::default() }],
    };
    let [privilege] = &mut privileges.Privileges;
    // SAFETY: the name is a constant of the system, and the identifier is alive.
    check(unsafe { LookupPrivilegeValueW(ptr::null(), SE_DEBUG_NAME, &raw mut privilege.Luid) })?;
    // SAFETY: the token is open, the struct is alive, and the old state is not asked for.
    check(unsafe {
        AdjustTokenPrivileges(token.as_raw_handle(), 0, &raw const privileges, 0, ptr::null_mut(), ptr::null_mut())
    })
}

/// A session with a user.
pub(crate) struct Session {
    pub(crate) name: OsString,
    pub(crate) user: OsString,
    /// Address family and the first bytes of the client's address.
    pub(crate) client: Option<(u32, [u8; 20])>,
    /// When the user logged on, in units of 100 ns since 1601; 0 where it is not known.
    pub(crate) logon: u64,
}

/// Memory that the terminal services gave.
struct Given<T>(*mut T);

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from these services, once.
        unsafe { WTSFreeMemory(self.0.cast()) };
    }
}

/// All sessions that have a user.
pub(crate) fn sessions() -> Result<Vec<Session>> {
    let (mut list, mut count) = (ptr::null_mut::<WTS_SESSION_INFOW>(), 0);
    // SAFETY: both are alive.
    check(unsafe { WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &raw mut list, &raw mut count) })
        .map_err(Error::io)?;
    let list = Given(list);
    if list.0.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the call gave as many structs at this address, which live until `list` is dropped.
    let all = unsafe { std::slice::from_raw_parts(list.0, count as usize) };
    let mut sessions = Vec::new();
    for session in all {
        let Some(user) = session_text(session.SessionId, WTSUserName).filter(|user| !user.is_empty()) else {
            continue;
        };
        let mut name = OsString::new();
        if !session.pWinStationName.is_null() {
            // SAFETY: the services give a terminated text, which lives until `list` is dropped.
            name = unsafe { terminated(session.pWinStationName) };
        }
        let client = session_struct(session.SessionId, WTSClientAddress).map(
            |address: windows_sys::Win32::System::RemoteDesktop::WTS_CLIENT_ADDRESS| {
                (address.AddressFamily, address.Address)
            },
        );
        let info: Option<WTSINFOW> = session_struct(session.SessionId, WTSSessionInfo);
        let logon = info.map_or(0, |info| u64::try_from(info.LogonTime).unwrap_or(0));
        sessions.push(Session { name, user, client, logon });
    }
    Ok(sessions)
}

/// # Safety
/// `text` points to a text that ends with a NUL.
unsafe fn terminated(text: *const u16) -> OsString {
    // SAFETY: the caller's promise: nothing behind the NUL is read.
    let length = (0..).take_while(|at| unsafe { *text.add(*at) } != 0).count();
    // SAFETY: as many units have just been read.
    OsString::from_wide(unsafe { std::slice::from_raw_parts(text, length) })
}

fn session_information(session: u32, class: WTS_INFO_CLASS) -> Option<(Given<u16>, usize)> {
    let (mut buffer, mut size) = (ptr::null_mut(), 0);
    // SAFETY: both are alive.
    let answer = unsafe {
        WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, session, class, &raw mut buffer, &raw mut size)
    };
    (answer != 0 && !buffer.is_null()).then(|| (Given(buffer), size as usize))
}

fn session_text(session: u32, class: WTS_INFO_CLASS) -> Option<OsString> {
    let (given, size) = session_information(session, class)?;
    // SAFETY: the call gave as many bytes at this address, which live until `given` is dropped.
    Some(super::text(unsafe { std::slice::from_raw_parts(given.0, size / 2) }))
}

fn session_struct<T: Copy>(session: u32, class: WTS_INFO_CLASS) -> Option<T> {
    let (given, size) = session_information(session, class)?;
    if size < std::mem::size_of::<T>() {
        return None;
    }
    // SAFETY: the call gave as many bytes at this address, filled with the struct of this class.
    Some(unsafe { given.0.cast::<T>().read_unaligned() })
}
