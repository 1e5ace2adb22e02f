// The one error vocabulary of the stack: zero or a negative errno, never ignored by accident.
#pragma once

namespace flash {

// The errno numbers that littlefs, the FatFs glue and MicroPython share.
enum class Error : int {
  kNeedsErase = 1,     // within the write-back cache only: programming alone does not do it
  kIo = 5,             // the hardware failed, or what was programmed does not read back
  kNoDevice = 19,      // no chip answers, or an unknown one without SFDP
  kInvalid = 22,       // a range leaves the device
  kBadShape = 33,      // EDOM: an argument no device could accept (part of a block, offset beyond a block)
  kNotSupported = 95,  // the extended protocol on the deprecated singleton
  kTimedOut = 110,     // busy for longer than the datasheet's maximum
};

class [[nodiscard]] Status {
 public:
  constexpr Status() = default;  // success
  constexpr Status(Error error) : errno_(static_cast<int>(error)) {}

  constexpr bool ok() const { return errno_ == 0; }
  constexpr int value() const { return -errno_; }  // 0 or -errno

  // Says in the code, where it can be searched for, that an error is of no interest here.
  constexpr void ignore() const {}

  friend constexpr bool operator==(Status, Status) = default;

 private:
  int errno_ = 0;  // not negative: a small positive number is half as much code
};

}  // namespace flash

// Leaves the enclosing function with the first status that is not success.
#define FLASH_TRY(expression)                                                                          \
  do {                                                                                                 \
    if (const ::flash::Status status_of_try = (expression); !status_of_try.ok()) return status_of_try; \
  } while (false)
