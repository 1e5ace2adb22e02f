// The serial NOR driver against a chip model that is not ours: QEMU's m25p80 behind the SPI1 controller of
// its ast1030 machine. Exit code 0: the chip was found out and did what it was told; 2: there is no such
// chip (kNoDevice), which is right for one without SFDP; anything else is a failure.
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "arm/semihosting.h"
#include "drivers/spi_bus.h"
#include "drivers/spi_nor.h"

namespace {

// The controller's user mode: what is written to the window goes out, what is read comes in.
class AspeedPort {
 public:
  flash::Status open() {
    reg(kConfiguration) = reg(kConfiguration) | kWriteEnable | kTypeSpi;
    // QEMU's controller counts the address bytes of a fast read, to put in the dummy clocks after them.
    reg(kAddressMode) = reg(kAddressMode) | kFourBytes;
    return select(false);
  }
  void close() {}
  flash::Status select(bool selected) {
    reg(kControl) = kUserMode | (selected ? 0u : kChipSelectHigh);
    return {};
  }
  void transmit(uint8_t byte) { *window() = byte; }
  uint8_t receive() { return *window(); }

 private:
  static constexpr uint32_t kConfiguration = 0x00, kAddressMode = 0x04, kControl = 0x10;
  static constexpr uint32_t kWriteEnable = 1u << 16, kTypeSpi = 2, kFourBytes = 1, kUserMode = 3,
                            kChipSelectHigh = 4;

  static volatile uint32_t& reg(uint32_t offset) {
    return *reinterpret_cast<volatile uint32_t*>(0x7E630000 + offset);
  }
  static volatile uint8_t* window() { return reinterpret_cast<volatile uint8_t*>(0x90000000); }
};

// QEMU's chips are never busy: it is enough that time passes.
uint64_t now = 0;
uint64_t now_us(void*) {
  return now += 10;
}
void nothing(void*) {}
void nothing_changed(void*, uint32_t, uint32_t) {}

[[noreturn]] void fail(const char* what) {
  semihosting::print(what);
  semihosting::print("\n");
  semihosting::exit(1);
}

void expect(bool condition, const char* what) {
  if (!condition) fail(what);
}

std::array<uint8_t, 1000> data;
std::array<uint8_t, 1000> out;

// Erases a sector, programs over page boundaries, reads back, and sees its neighbours untouched.
void exercise(drivers::SpiNor& nor, uint32_t sector) {
  const uint32_t sector_bytes = nor.geometry().largest_sector_bytes();
  const uint32_t start = sector * sector_bytes;
  for (uint32_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 7 + sector);
  expect(nor.erase(start, sector_bytes).ok(), "erase failed");
  expect(nor.program(start + 77, data).ok(), "program failed");
  expect(nor.read(start + 77, out).ok(), "read failed");
  expect(std::memcmp(out.data(), data.data(), out.size()) == 0, "what was programmed does not read back");
  expect(nor.read(start, std::span(out).first(77)).ok(), "read failed");
  for (uint32_t i = 0; i < 77; ++i) expect(out[i] == 0xFF, "a byte before the program changed");
  expect(nor.erase(start, sector_bytes).ok(), "erase failed");
  expect(nor.read(start + 77, out).ok(), "read failed");
  for (const uint8_t byte : out) expect(byte == 0xFF, "the sector is not blank after its erase");
}

// A run over both sides of the 16 MiB line, where three address bytes end.
void cross_16_mib(drivers::SpiNor& nor) {
  constexpr uint32_t kLine = 16u << 20;
  const uint32_t sector_bytes = nor.geometry().largest_sector_bytes();
  expect(nor.erase(kLine - sector_bytes, 2 * sector_bytes).ok(), "erase over 16 MiB failed");
  expect(nor.program(kLine - 500, data).ok(), "program over 16 MiB failed");
  expect(nor.read(kLine - 500, out).ok(), "read over 16 MiB failed");
  expect(std::memcmp(out.data(), data.data(), out.size()) == 0, "16 MiB: does not read back");
  expect(nor.read(0, out).ok(), "read failed");
  for (const uint8_t byte : out) expect(byte == 0xFF, "16 MiB: it went to the start of the chip");
}

}  // namespace

int main() {
  drivers::SpiBus<AspeedPort> bus{AspeedPort{}};
  drivers::SpiNor nor(bus, {.platform = {nullptr, now_us, nothing, nothing_changed}});
  const flash::Status status = nor.init();
  semihosting::print("id ");
  semihosting::print(nor.jedec_id());
  semihosting::print(", bytes ");
  semihosting::print(nor.size_bytes());
  semihosting::print("\n");
  if (status == flash::Error::kNoDevice) return 2;
  expect(status.ok(), "init failed");
  const uint32_t sectors = nor.size_bytes() / nor.geometry().largest_sector_bytes();
  for (const uint32_t sector : std::array<uint32_t, 4>{0, 1, sectors / 2, sectors - 1}) exercise(nor, sector);
  if (nor.size_bytes() > 16u << 20) cross_16_mib(nor);
  const uint32_t large = nor.geometry().large_erase_bytes[0];
  if (large != 0) expect(nor.erase(large, 2 * large).ok(), "a run of sectors failed");
  return 0;
}
