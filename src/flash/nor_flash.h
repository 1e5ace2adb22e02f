// The only way from storage to hardware.
#pragma once

#include <cstdint>
#include <span>

#include "flash/geometry.h"
#include "flash/status.h"

namespace flash {

// A NOR flash: programming turns 1 bits into 0 bits, erasing turns whole sectors back into 1 bits.
// Ranges are checked here, once; drivers implement the do_ functions and may rely on the checks.
// Every call blocks until the hardware is done. A length of zero is a success that touches nothing.
// Not for interrupt handlers; one owner at a time.
class NorFlash {
 public:
  NorFlash(const NorFlash&) = delete;
  NorFlash& operator=(const NorFlash&) = delete;

  const Geometry& geometry() const { return geometry_; }
  uint32_t size_bytes() const { return size_bytes_; }

  // Reads bytes from `offset` on, any alignment.
  //   kInvalid   the range leaves the device
  //   kIo        the hardware failed, or a unit has an uncorrectable ECC error. Where units carry ECC, all of
  //              the range was read all the same, and such units as erased
  //   kTimedOut, kNoDevice
  Status read(uint32_t offset, uint8_t* out, uint32_t length);
  Status read(uint32_t offset, std::span<uint8_t> out) {
    return read(offset, out.data(), to_u32(out.size()));
  }

  // Turns 1 bits into 0 bits. Offset and length are multiples of the program unit; where a unit is
  // not reprogrammable it must be blank. What was programmed before an error stays programmed.
  //   kInvalid   the range leaves the device, or is not aligned
  //   kIo        the hardware reported a failure
  //   kTimedOut, kNoDevice
  Status program(uint32_t offset, const uint8_t* data, uint32_t length);
  Status program(uint32_t offset, std::span<const uint8_t> data) {
    return program(offset, data.data(), to_u32(data.size()));
  }

  // Erases whole sectors to 0xFF. A run of many is one call, so that a driver can use its larger erase.
  //   kInvalid   the range leaves the device, or an end lies inside a sector
  //   kIo, kTimedOut, kNoDevice
  Status erase(uint32_t offset, uint32_t length);

 protected:
  explicit NorFlash(const Geometry& geometry) : geometry_(geometry), size_bytes_(geometry.size_bytes()) {}
  ~NorFlash() = default;

  // For drivers that learn their geometry from the chip: they change it in place, and say so.
  Geometry& changing_geometry() { return geometry_; }
  void geometry_changed();
  void set_geometry(const Geometry& geometry) {
    geometry_ = geometry;
    geometry_changed();
  }

 private:
  virtual Status do_read(uint32_t offset, uint8_t* out, uint32_t length) = 0;
  virtual Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) = 0;
  virtual Status do_erase(uint32_t offset, uint32_t length) = 0;

  Geometry geometry_;
  uint32_t size_bytes_;
};

}  // namespace flash
