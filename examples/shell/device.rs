use songscape::resnet::tch::Device;
use songscape::resnet::{DeviceChoice, Result, keep_freed_memory};

/// The device that was chosen. On the CPU the whole program keeps the memory that it frees, which
/// makes large networks faster.
///
/// # Errors
/// As [`DeviceChoice::resolve`].
pub fn device(choice: DeviceChoice) -> Result<Device> {
    let device = choice.resolve()?;
    if device == Device::Cpu {
        keep_freed_memory();
    }
    Ok(device)
}
