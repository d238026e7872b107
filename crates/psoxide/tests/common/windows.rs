//! What the tests on Windows share.

/// Lets nobody do anything with a process; its owner may change that again.
#[allow(unsafe_code)]
pub(crate) fn refuse_all(pid: u32) {
    use windows_sys::Win32::Foundation::CloseHandle;
    use windows_sys::Win32::Security::{DACL_SECURITY_INFORMATION, SetKernelObjectSecurity};
    use windows_sys::Win32::Storage::FileSystem::WRITE_DAC;
    use windows_sys::Win32::System::Threading::OpenProcess;
    // A self-relative descriptor with nothing but a list of rights, which begins at its byte 20 and is empty.
    let mut descriptor = [0u32; 7];
    (descriptor[0], descriptor[4], descriptor[5]) = (0x8004 << 16 | 1, 20, 8 << 16 | 2);
    // SAFETY: the descriptor is alive and whole, and the handle is closed once.
    unsafe {
        let process = OpenProcess(WRITE_DAC, 0, pid);
        assert!(!process.is_null());
        assert_ne!(SetKernelObjectSecurity(process, DACL_SECURITY_INFORMATION, descriptor.as_mut_ptr().cast()), 0);
        CloseHandle(process);
    }
}
