//! IOKit: properties of devices, and the System Management Controller.
//!
//! Properties are answered as the XML of CoreFoundation, which a reader of a capture can review. `psoxide_parse::macos::iokit`
//! parses it.

use std::ffi::{CStr, c_char, c_void};
use std::mem::{offset_of, size_of};
use std::ptr;

use core_foundation_sys::array::{
    CFArrayAppendValue, CFArrayCreateMutable, CFArrayGetCount, CFArrayGetValueAtIndex, CFArrayRef,
    kCFTypeArrayCallBacks,
};
use core_foundation_sys::base::{CFIndex, CFRelease, CFTypeRef};
use core_foundation_sys::data::{CFDataGetBytePtr, CFDataGetLength};
use core_foundation_sys::dictionary::{
    CFDictionaryCreateMutable, CFDictionaryGetValue, CFDictionaryRef, CFDictionarySetValue, CFMutableDictionaryRef,
    kCFTypeDictionaryKeyCallBacks, kCFTypeDictionaryValueCallBacks,
};
use core_foundation_sys::propertylist::{CFPropertyListCreateData, kCFPropertyListXMLFormat_v1_0};
use core_foundation_sys::string::{CFStringCreateWithCString, CFStringRef, kCFStringEncodingUTF8};

use super::mach::this_task;
use crate::sys::question::Answer;

/// `io_object_t` and what derives from it: the name of a Mach port. 0 is none.
type IoObject = u32;
/// `kIOServicePlane`
const SERVICE_PLANE: &CStr = c"IOService";
/// `kIOMainPortDefault`: IOKit finds the port itself.
const MAIN_PORT: u32 = 0;
/// How often to list devices again when some of them come or go meanwhile.
const ATTEMPTS: usize = 8;
/// The errno of IOKit's own errors.
const FAILED: i32 = libc::EIO;

// IOKitLib.h, IOPowerSources.h. All integers are those of mach/port.h and mach/kern_return.h.
#[link(name = "IOKit", kind = "framework")]
unsafe extern "C" {
    fn IOServiceMatching(class: *const c_char) -> CFMutableDictionaryRef;
    fn IOServiceGetMatchingServices(main_port: u32, matching: CFDictionaryRef, found: *mut IoObject) -> i32;
    fn IOIteratorNext(iterator: IoObject) -> IoObject;
    fn IOIteratorIsValid(iterator: IoObject) -> u32;
    fn IOObjectRelease(object: IoObject) -> i32;
    fn IOObjectConformsTo(object: IoObject, class: *const c_char) -> u32;
    fn IORegistryEntryGetParentEntry(entry: IoObject, plane: *const c_char, parent: *mut IoObject) -> i32;
    fn IORegistryEntryGetName(entry: IoObject, name: *mut [c_char; 128]) -> i32;
    fn IORegistryEntryCreateCFProperty(
        entry: IoObject,
        key: CFStringRef,
        allocator: *const c_void,
        options: u32,
    ) -> CFTypeRef;
    fn IOServiceOpen(service: IoObject, task: u32, kind: u32, connection: *mut IoObject) -> i32;
    fn IOServiceClose(connection: IoObject) -> i32;
    fn IOConnectCallStructMethod(
        connection: IoObject,
        selector: u32,
        input: *const c_void,
        input_size: usize,
        output: *mut c_void,
        output_size: *mut usize,
    ) -> i32;
    fn IOPSCopyPowerSourcesInfo() -> CFTypeRef;
    fn IOPSCopyPowerSourcesList(info: CFTypeRef) -> CFArrayRef;
    fn IOPSGetPowerSourceDescription(info: CFTypeRef, source: CFTypeRef) -> CFDictionaryRef;
}

/// An object of CoreFoundation that is released at the end.
struct Owned(CFTypeRef);

impl Owned {
    /// Takes over an object that the caller owns. Null is an error: there is no such object, or no memory.
    fn new(object: CFTypeRef) -> Result<Self, i32> {
        if object.is_null() { Err(FAILED) } else { Ok(Self(object)) }
    }

    fn string(text: &CStr) -> Result<Self, i32> {
        // SAFETY: the text ends with a NUL. A null allocator is the default one.
        Self::new(unsafe { CFStringCreateWithCString(ptr::null(), text.as_ptr(), kCFStringEncodingUTF8) }.cast())
    }

    fn array() -> Result<Self, i32> {
        // SAFETY: the callbacks retain and release objects of CoreFoundation, which is all that is put in.
        Self::new(unsafe { CFArrayCreateMutable(ptr::null(), 0, &raw const kCFTypeArrayCallBacks) }.cast_const().cast())
    }

    fn dictionary() -> Result<Self, i32> {
        // SAFETY: the callbacks retain and release objects of CoreFoundation, which is all that is put in.
        let made = unsafe {
            CFDictionaryCreateMutable(
                ptr::null(),
                0,
                &raw const kCFTypeDictionaryKeyCallBacks,
                &raw const kCFTypeDictionaryValueCallBacks,
            )
        };
        Self::new(made.cast_const().cast())
    }

    /// Adds an entry to this dictionary.
    fn set(&self, key: &CStr, value: CFTypeRef) -> Result<(), i32> {
        let key = Self::string(key)?;
        // SAFETY: the callers call this on a dictionary of ours, which retains key and value. Neither is null.
        unsafe { CFDictionarySetValue(self.0.cast_mut().cast(), key.0, value) };
        Ok(())
    }

    /// Adds an element to this array.
    fn push(&self, value: &Self) {
        // SAFETY: the callers call this on an array of ours, which retains the value.
        unsafe { CFArrayAppendValue(self.0.cast_mut().cast(), value.0) };
    }

    /// The XML of a property list.
    fn xml(&self) -> Answer {
        // SAFETY: the object is a list or a dictionary of property-list objects. No error is wanted.
        let data =
            unsafe { CFPropertyListCreateData(ptr::null(), self.0, kCFPropertyListXMLFormat_v1_0, 0, ptr::null_mut()) };
        let data = Self::new(data.cast())?;
        // SAFETY: the object is of CFData, and is not changed.
        let (bytes, length) = unsafe { (CFDataGetBytePtr(data.0.cast()), CFDataGetLength(data.0.cast())) };
        match usize::try_from(length) {
            // SAFETY: the object holds `length` bytes there until it is released, at the end of this function.
            Ok(length) if !bytes.is_null() => Ok(unsafe { std::slice::from_raw_parts(bytes, length) }.to_vec()),
            _ => Err(FAILED),
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the object is owned, not null, and not used any more.
        unsafe { CFRelease(self.0) };
    }
}

/// An object of IOKit that is released at the end.
struct Entry(IoObject);

impl Entry {
    fn new(object: IoObject) -> Option<Self> {
        (object != 0).then_some(Self(object))
    }

    /// Lists the entries of a class and of its subclasses. The iterator ends early when devices come or go, and the list is
    /// then made again.
    fn all(class: &CStr) -> Result<Vec<Self>, i32> {
        for _ in 0..ATTEMPTS {
            if let Some(entries) = Self::all_of_one_moment(class)? {
                return Ok(entries);
            }
        }
        Err(libc::EAGAIN)
    }

    /// Lists the entries of a class; `None` if devices came or went meanwhile.
    fn all_of_one_moment(class: &CStr) -> Result<Option<Vec<Self>>, i32> {
        // SAFETY: the class ends with a NUL.
        let matching = unsafe { IOServiceMatching(class.as_ptr()) };
        if matching.is_null() {
            return Err(FAILED);
        }
        let mut found = 0;
        // SAFETY: the call takes over the dictionary, and sets `found` to an iterator if it succeeds.
        let done = unsafe { IOServiceGetMatchingServices(MAIN_PORT, matching.cast_const().cast(), &raw mut found) };
        let Some(iterator) = Self::new(found).filter(|_| done == 0) else { return Err(FAILED) };
        // SAFETY: the iterator lives until the end of this function. Each entry that it returns is owned by the caller.
        let entries = std::iter::from_fn(|| Self::new(unsafe { IOIteratorNext(iterator.0) })).collect();
        // SAFETY: as above.
        Ok((unsafe { IOIteratorIsValid(iterator.0) } != 0).then_some(entries))
    }

    fn parent(&self) -> Option<Self> {
        let mut parent = 0;
        // SAFETY: the plane ends with a NUL, and `parent` is set if the call succeeds.
        let done = unsafe { IORegistryEntryGetParentEntry(self.0, SERVICE_PLANE.as_ptr(), &raw mut parent) };
        Self::new(parent).filter(|_| done == 0)
    }

    fn is_a(&self, class: &CStr) -> bool {
        // SAFETY: the class ends with a NUL.
        unsafe { IOObjectConformsTo(self.0, class.as_ptr()) != 0 }
    }

    fn is_named(&self, expected: &CStr) -> bool {
        let mut name = [0; 128];
        // SAFETY: the call writes a text with its NUL to the 128 bytes of an `io_name_t`.
        let done = unsafe { IORegistryEntryGetName(self.0, &raw mut name) };
        done == 0
            && name.iter().map(|byte| byte.to_ne_bytes()).zip(expected.to_bytes_with_nul()).all(|([a], b)| a == *b)
    }

    fn property(&self, name: &CStr) -> Result<Option<Owned>, i32> {
        let key = Owned::string(name)?;
        // SAFETY: the key is a string. The caller owns the property; null means that there is none.
        let property = unsafe { IORegistryEntryCreateCFProperty(self.0, key.0.cast(), ptr::null(), 0) };
        Ok(Owned::new(property).ok())
    }

    /// Copies the properties of these names, where the entry has them, into a dictionary.
    fn copy(&self, names: &[&CStr], into: &Owned) -> Result<(), i32> {
        for name in names {
            if let Some(property) = self.property(name)? {
                into.set(name, property.0)?;
            }
        }
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: the object is owned, and not used any more.
        unsafe { IOObjectRelease(self.0) };
    }
}

/// The disks that a driver of block storage counts: name of the medium and statistics of the driver above it. Volumes and
/// partitions have other parents.
pub(super) fn disks() -> Answer {
    let list = Owned::array()?;
    for medium in Entry::all(c"IOMedia")? {
        // A medium that was ejected meanwhile has no parent.
        let Some(driver) = medium.parent().filter(|parent| parent.is_a(c"IOBlockStorageDriver")) else { continue };
        let disk = Owned::dictionary()?;
        medium.copy(&[c"BSD Name"], &disk)?;
        driver.copy(&[c"Statistics"], &disk)?;
        list.push(&disk);
    }
    list.xml()
}

/// The batteries, each with the properties that readings need. The others identify the battery.
pub(super) fn power_sources() -> Answer {
    const NAMES: [&CStr; 8] = [
        c"Type",
        c"Current Capacity",
        c"Max Capacity",
        c"Is Charging",
        c"Is Charged",
        c"Power Source State",
        c"Time to Empty",
        c"Time to Full Charge",
    ];
    // SAFETY: the call takes nothing, and the caller owns what it returns.
    let info = Owned::new(unsafe { IOPSCopyPowerSourcesInfo() })?;
    // SAFETY: the information comes from the call above. The caller owns the list.
    let sources = Owned::new(unsafe { IOPSCopyPowerSourcesList(info.0) }.cast())?;
    let list = Owned::array()?;
    // SAFETY: the object is an array, which nothing changes.
    let count: CFIndex = unsafe { CFArrayGetCount(sources.0.cast()) };
    for place in 0..count {
        // SAFETY: the place is within the array. The description belongs to `info`, and null means that there is none.
        let description =
            unsafe { IOPSGetPowerSourceDescription(info.0, CFArrayGetValueAtIndex(sources.0.cast(), place)) };
        if description.is_null() {
            continue;
        }
        let source = Owned::dictionary()?;
        for name in NAMES {
            let key = Owned::string(name)?;
            // SAFETY: the description is a dictionary, which lives as long as `info`.
            let value = unsafe { CFDictionaryGetValue(description, key.0) };
            if !value.is_null() {
                source.set(name, value)?;
            }
        }
        list.push(&source);
    }
    list.xml()
}

/// The tables of voltages and frequencies of the power manager. `ENOENT`: the machine has none, as those of Intel and
/// virtual ones.
pub(super) fn voltage_states() -> Answer {
    let managers = Entry::all(c"AppleARMIODevice")?;
    let Some(manager) = managers.iter().find(|entry| entry.is_named(c"pmgr")) else { return Err(libc::ENOENT) };
    let tables = Owned::dictionary()?;
    manager.copy(&[c"voltage-states1-sram", c"voltage-states5-sram"], &tables)?;
    tables.xml()
}

/// What AppleSMC is asked, and what it answers: `SMCParamStruct`, which no header declares.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct SmcCall {
    key: u32,
    unused: [u32; 6],
    size: u32,
    kind: u32,
    attributes: u32,
    result: u8,
    status: u8,
    command: u8,
    padding: u8,
    index: u32,
    value: [u8; 32],
}

const _: () = {
    assert!(size_of::<SmcCall>() == 80 && offset_of!(SmcCall, size) == 28 && offset_of!(SmcCall, result) == 40);
    assert!(offset_of!(SmcCall, command) == 42 && offset_of!(SmcCall, value) == 48);
};

/// A connection to AppleSMC, which ends when it is dropped.
struct Smc(IoObject);

impl Smc {
    /// `kSMCHandleYPCEvent`: the one method of the driver, to which `command` says what to do.
    const SELECTOR: u32 = 2;
    /// `kSMCReadKey` and `kSMCGetKeyInfo`.
    const READ: u8 = 5;
    const INFO: u8 = 9;

    /// Connects. `ENOENT`: the machine has no controller, as virtual ones.
    fn open() -> Result<Self, i32> {
        /// `kIOReturnNotPrivileged` and `kIOReturnNotPermitted`.
        const REFUSED: [u32; 2] = [0xe000_02c1, 0xe000_02e2];
        let services = Entry::all(c"AppleSMC")?;
        let service = services.first().ok_or(libc::ENOENT)?;
        let mut connection = 0;
        // SAFETY: the service lives until the end of this function, and `connection` is set if the call succeeds.
        let done = unsafe { IOServiceOpen(service.0, this_task(), 0, &raw mut connection) };
        match done {
            0 if connection != 0 => Ok(Self(connection)),
            _ if REFUSED.contains(&done.cast_unsigned()) => Err(libc::EPERM),
            _ => Err(FAILED),
        }
    }

    /// Calls the driver. `None`: it refuses the call, or the machine does not have the key.
    fn call(&self, call: SmcCall) -> Option<SmcCall> {
        let mut answer = SmcCall::default();
        let mut size = size_of::<SmcCall>();
        // SAFETY: both structs have as many bytes as the call is told, and the driver writes to the second one alone.
        let done = unsafe {
            IOConnectCallStructMethod(
                self.0,
                Self::SELECTOR,
                (&raw const call).cast(),
                size_of::<SmcCall>(),
                (&raw mut answer).cast(),
                &raw mut size,
            )
        };
        Some(answer).filter(|answer| done == 0 && size == size_of::<SmcCall>() && answer.result == 0)
    }

    /// Reads a key, with its type and size.
    fn read(&self, key: [u8; 4]) -> Option<SmcCall> {
        let key = u32::from_be_bytes(key);
        let info = self.call(SmcCall { key, command: Self::INFO, ..SmcCall::default() })?;
        let (size, kind) = (info.size, info.kind);
        let answer = self.call(SmcCall { key, size, command: Self::READ, ..SmcCall::default() })?;
        Some(SmcCall { key, size, kind, ..answer })
    }
}

impl Drop for Smc {
    fn drop(&mut self) {
        // SAFETY: the connection is open, and not used any more.
        unsafe { IOServiceClose(self.0) };
    }
}

/// The values of these keys of AppleSMC, one after the other. Keys that the machine does not have are left out.
pub(super) fn controller(keys: impl Iterator<Item = [u8; 4]>) -> Answer {
    let controller = Smc::open()?;
    let mut values = Vec::new();
    for value in keys.filter_map(|key| controller.read(key)) {
        // SAFETY: the struct has no padding, so all its bytes are initialised.
        let bytes = unsafe { std::slice::from_raw_parts((&raw const value).cast::<u8>(), size_of::<SmcCall>()) };
        values.extend_from_slice(bytes);
    }
    Ok(values)
}
