// The drive that a camera shows over USB, as a server of block devices needs it: byte offsets, and errors
// that the NBD protocol can carry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "boards/camera.h"

namespace nbd {

// The n-th operation of its kind fails, counted from the opening on; 1 is the first.
struct Fault {
  sim::Operation operation;
  uint64_t n;
};

// "read:N", "program:N", "erase:N", with N > 0; nothing if it is none of these.
std::optional<Fault> parse_fault(std::string_view text);

struct ExportOptions {
  std::string board;
  std::string image = {};  // empty: RAM
  bool read_only = false;  // the image's files are not written
  std::vector<Fault> faults = {};
};

class DriveExport {
 public:
  // The alternative is one line that says what was wrong.
  static std::variant<std::unique_ptr<DriveExport>, std::string> open(const ExportOptions& options);

  uint64_t size_bytes() const;
  uint32_t block_bytes() const;  // offsets and lengths are multiples of it

  // 0, EINVAL (outside the drive, or a part of a block: nothing was carried out), or EIO: the only errors
  // of a device that NBD knows.
  int read(uint64_t offset, std::span<uint8_t> out);
  int write(uint64_t offset, std::span<const uint8_t> data);

  // 0 when everything written so far is in the flash, else EIO; what could not be written waits on, and the
  // next flush tries again.
  int flush();

  // So much camera time has passed. What has waited long enough reaches the flash; EIO if it was refused,
  // then it waits on.
  int pass_ms(uint64_t ms);

 private:
  explicit DriveExport(std::unique_ptr<boards::Camera> camera) : camera_(std::move(camera)) {}

  bool is_aligned(uint64_t offset, size_t length) const;

  std::unique_ptr<boards::Camera> camera_;
};

}  // namespace nbd
