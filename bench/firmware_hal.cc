// ST's HAL for the flash inside an MCU, as far as flash.c of MicroPython uses it: the sequences of RM0090
// (3.6), RM0410 (3.3) and RM0433 (4.3), one word or flash word at a time.
#include <cstring>

#include "bench/firmware_flash.h"
#include "bench/upstream/firmware.h"
#include "drivers/register_file.h"
#include "drivers/stm32_f4_flash_registers.h"
#include "drivers/stm32_h7_flash_registers.h"
#include "sim/mmio.h"

namespace bench {

namespace {

class Hal;
Hal* present = nullptr;

class Hal : public FirmwareFlash {
 public:
  explicit Hal(boards::Camera& camera) : camera_(camera) { present = this; }
  ~Hal() override { present = nullptr; }

  void power_up() override { camera_.hardware().power_cycle(); }

  virtual void unlock() = 0;
  virtual void lock() = 0;
  virtual bool erase(uint32_t bank, uint32_t sector) = 0;
  virtual bool program(uint32_t address, std::span<const uint32_t> words) = 0;

  // The CPU reads the flash like memory.
  void copy(void* to, const void* from, size_t length) {
    const auto address = reinterpret_cast<uintptr_t>(from);
    if (address - camera_.board().address >= camera_.cells().size_bytes()) {
      std::memcpy(to, from, length);
      return;
    }
    space().load_block(static_cast<uint32_t>(address), {static_cast<uint8_t*>(to), length});
  }

 protected:
  boards::Camera& camera() { return camera_; }
  sim::AddressSpace& space() { return camera_.hardware().space(); }

  // What polling sees is the same if time jumps to the moment when the answer changes.
  void pass_time() {
    constexpr uint64_t kNsPerMs = 1'000'000;
    camera_.clock().wait_ns(kNsPerMs);
  }

 private:
  boards::Camera& camera_;
};

struct F4Family {
  using Keyr = drivers::stm32_f4::Keyr;
  using Cr = drivers::stm32_f4::Cr;
  using Sr = drivers::stm32_f4::Sr;
  static constexpr uint32_t kRegisterBase = 0x40023C00;
  static constexpr uint32_t kBanks = 1;
  static constexpr uint32_t kBankStride = 0;
  static constexpr auto kBusy = Sr::kBusy;
  static constexpr auto kErrors =
      Sr::kOperationError | Sr::kWriteProtection | Sr::kAlignment | Sr::kParallelism | Sr::kF4Sequence;
  static constexpr auto sector(uint32_t number) { return Cr::sector(0, number); }
};

struct H7Family {
  using Keyr = drivers::stm32_h7::Keyr;
  using Cr = drivers::stm32_h7::Cr;
  using Sr = drivers::stm32_h7::Sr;
  static constexpr uint32_t kRegisterBase = 0x52002000;
  static constexpr uint32_t kBanks = 2;
  static constexpr uint32_t kBankStride = drivers::stm32_h7::kBankStride;
  static constexpr auto kBusy = Sr::kQueueWaiting;
  static constexpr auto kErrors =
      Sr::kWriteProtection | Sr::kSequence | Sr::kStrobe | Sr::kInconsistency | Sr::kOperationError;
  static constexpr auto sector(uint32_t number) { return Cr::sector(number); }
};

template <class Family>
class FamilyHal final : public Hal {
 public:
  using Hal::Hal;

  void unlock() override {
    for (uint32_t bank = 0; bank < Family::kBanks; ++bank) {
      registers(bank).write(Family::Keyr::kFirst);
      registers(bank).write(Family::Keyr::kSecond);
    }
  }
  void lock() override {
    for (uint32_t bank = 0; bank < Family::kBanks; ++bank) registers(bank).write(Family::Cr::kLock);
  }

  bool erase(uint32_t bank, uint32_t sector) override {
    const auto what = Family::Cr::kParallelism32 | Family::Cr::kSectorErase | Family::sector(sector);
    if (!wait(bank)) return false;
    registers(bank).write(what);
    registers(bank).write(what | Family::Cr::kStart);
    return finish(bank);
  }

  bool program(uint32_t address, std::span<const uint32_t> words) override {
    const uint32_t bank_bytes = camera().cells().size_bytes() / Family::kBanks;
    const uint32_t bank = (address - camera().board().address) / bank_bytes;
    if (!wait(bank)) return false;
    registers(bank).write(Family::Cr::kParallelism32 | Family::Cr::kProgram);
    for (const uint32_t word : words) {
      space().store(address, word, sizeof word);
      address += sizeof word;
    }
    return finish(bank);
  }

 private:
  drivers::RegisterFile<sim::ModelMmio> registers(uint32_t bank) {
    return {sim::ModelMmio(space()), Family::kRegisterBase + bank * Family::kBankStride};
  }

  bool wait(uint32_t bank) {
    using Sr = typename Family::Sr;
    while ((registers(bank).template read<Sr>() & Family::kBusy).any()) pass_time();
    return !(registers(bank).template read<Sr>() & Family::kErrors).any();
  }

  bool finish(uint32_t bank) {
    const bool done = wait(bank);
    registers(bank).write(drivers::Bits<typename Family::Cr>{0});
    return done;
  }
};

}  // namespace

std::unique_ptr<FirmwareFlash> make_firmware_hal(boards::Camera& camera) {
  if (camera.board().part->controller == boards::Controller::kH7) {
    return std::make_unique<FamilyHal<H7Family>>(camera);
  }
  return std::make_unique<FamilyHal<F4Family>>(camera);
}

}  // namespace bench

extern "C" {

void firmware_unlock() {
  bench::present->unlock();
}

void firmware_lock() {
  bench::present->lock();
}

void firmware_copy(void* to, const void* from, size_t length) {
  bench::present->copy(to, from, length);
}

int firmware_erase_sector(uint32_t bank, uint32_t sector_in_bank) {
  return bench::present->erase(bank, sector_in_bank) ? 0 : -1;
}

int firmware_program(uint32_t address, const void* data, uint32_t length) {
  return bench::present->program(address, {static_cast<const uint32_t*>(data), length / 4}) ? 0 : -1;
}

}  // extern "C"
