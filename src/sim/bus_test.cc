#include "sim/bus.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "sim/mmio.h"

namespace sim {
namespace {

// Sixteen bytes of memory; the last one answers with a bus error.
class Memory : public BusDevice {
 public:
  uint64_t load(uint32_t offset, unsigned width) override {
    widths.push_back(width);
    if (offset + width > 15) raise_bus_error();
    uint64_t value = 0;
    for (unsigned i = width; i-- > 0;) value = value << 8 | bytes[offset + i];
    return value;
  }
  void store(uint32_t offset, uint64_t value, unsigned width) override {
    widths.push_back(width);
    for (unsigned i = 0; i < width; ++i) bytes[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  }

  std::vector<uint8_t> bytes = std::vector<uint8_t>(16);
  std::vector<unsigned> widths;  // of the accesses so far
};

class Bus : public testing::Test {
 protected:
  Bus() {
    std::iota(low.bytes.begin(), low.bytes.end(), uint8_t{0});
    space.map(0x1000, 16, low);
    space.map(0x1010, 16, high);
  }

  Clock clock;
  Violations violations;
  AddressSpace space{clock, violations};
  Memory low, high;
  ModelMmio mmio{space};
};

TEST_F(Bus, DispatchesByAddress) {
  EXPECT_EQ(mmio.read32(0x1004), 0x07060504u);
  EXPECT_EQ(mmio.read16(0x1002), 0x0302u);
  EXPECT_EQ(mmio.read8(0x100E), 0x0Eu);
  mmio.write32(0x1010, 0x04030201);
  mmio.write16(0x1014, 0x0605);
  mmio.write8(0x1016, 0x07);
  EXPECT_EQ(std::vector<uint8_t>(high.bytes.begin(), high.bytes.begin() + 7),
            (std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7}));
  std::vector<uint8_t> block(5);
  mmio.read_memory(0x1003, block);
  EXPECT_EQ(block, (std::vector<uint8_t>{3, 4, 5, 6, 7}));
  EXPECT_TRUE(violations.empty());
}

TEST_F(Bus, RecordsWhatWouldBeAHardFault) {
  mmio.read8(0x0FFF);
  mmio.write32(0x1020, 0);
  std::vector<uint8_t> block(4);
  mmio.read_memory(0x101E, block);
  mmio.read8(0x100F);
  ASSERT_EQ(violations.list().size(), 4u);
  EXPECT_EQ(violations.list()[0].where, "0x00000FFF");
  EXPECT_NE(violations.list()[3].what.find("bus error"), std::string::npos);
}

TEST_F(Bus, SurvivesABusErrorInAGuardedStretch) {
  mmio.begin_guarded_read();
  mmio.read8(0x100F);
  mmio.end_guarded_read();
  EXPECT_TRUE(violations.empty());
  mmio.read8(0x100E);
  EXPECT_TRUE(violations.empty()) << "it does not hang over";
}

TEST_F(Bus, EmptyBlocksAreNothing) {
  mmio.read_memory(0xFFFFFFFF, {});
  EXPECT_TRUE(violations.empty());
}

TEST_F(Bus, SplitsWhatIsNotAligned) {
  EXPECT_EQ(mmio.read32(0x1001), 0x04030201u);
  EXPECT_EQ(mmio.read32(0x1006), 0x09080706u);
  EXPECT_EQ(low.widths, (std::vector<unsigned>{1, 1, 1, 1, 2, 2}));
  low.widths.clear();
  mmio.write32(0x1002, 0xA4A3A2A1);
  EXPECT_EQ(low.widths, (std::vector<unsigned>{2, 2}));
  EXPECT_EQ(std::vector<uint8_t>(low.bytes.begin() + 1, low.bytes.begin() + 7),
            (std::vector<uint8_t>{1, 0xA1, 0xA2, 0xA3, 0xA4, 6}));
  EXPECT_TRUE(violations.empty());
}

TEST_F(Bus, RecordsUnalignedAccessesToRegisters) {
  Memory registers;
  space.map(0x40023C00, 16, registers);
  mmio.read32(0x40023C02);
  ASSERT_EQ(violations.list().size(), 1u);
  EXPECT_EQ(violations.list()[0].where, "0x40023C02");
}

using BusDeathTest = Bus;

TEST_F(BusDeathTest, RefusesTwoDevicesAtOneAddress) {
  Memory other;
  EXPECT_DEATH(space.map(0x100F, 1, other), "two devices");
  EXPECT_DEATH(space.map(0x0FF0, 17, other), "two devices");
}

}  // namespace
}  // namespace sim
