#include "sim/stm32f4_flash_controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/mmio.h"

namespace sim {
namespace {

constexpr uint32_t kBase = 0x40023C00;
constexpr uint32_t kArray = 0x08000000;
enum : uint32_t { kAcr = 0x00, kKeyr = 0x04, kOptkeyr = 0x08, kSr = 0x0C, kCr = 0x10, kOptcr = 0x14 };
enum : uint32_t {
  kPg = 1,
  kSer = 2,
  kMer = 4,
  kX32 = 2 << 8,
  kStrt = 1 << 16,
  kEopIe = 1 << 24,
  kErrIe = 1 << 25
};
constexpr uint32_t kLock = 1u << 31;
enum : uint32_t {
  kEop = 1,
  kOpErr = 2,
  kWrpErr = 1 << 4,
  kPgaErr = 1 << 5,
  kPgpErr = 1 << 6,
  kPgsErr = 1 << 7,
  kBsy = 1 << 16
};

struct Family {
  std::string name;
  Stm32F4FlashVariant (*variant)();
  std::vector<SectorRun> sectors;
  uint64_t first_erase_ns;
};
const Family kFamilies[] = {
    {"F42x", Stm32F4FlashVariant::f42x, {{16384, 4}, {65536, 1}, {131072, 7}}, 250'000'000},
    {"F76x", Stm32F4FlashVariant::f76x, {{32768, 4}, {131072, 1}, {262144, 7}}, 200'000'000},
};

uint32_t total_bytes(const std::vector<SectorRun>& sectors) {
  uint32_t size = 0;
  for (const SectorRun& run : sectors) size += run.sector_size_bytes * run.sector_count;
  return size;
}

class F4Controller : public testing::TestWithParam<Family> {
 protected:
  F4Controller() {
    space.map(kBase, Stm32F4FlashController::kRegisterBytes, controller.registers());
    space.map(kArray, cells.size_bytes(), controller.array());
  }
  ~F4Controller() override {
    for (const Violation& v : violations.list()) {
      if (!expect_violations) ADD_FAILURE() << v.where << ": " << v.what;
    }
    EXPECT_TRUE(!expect_violations || !violations.empty());
  }

  uint32_t read(uint32_t reg) { return mmio.read32(kBase + reg); }
  void write(uint32_t reg, uint32_t value) { mmio.write32(kBase + reg, value); }
  void unlock() {
    write(kKeyr, 0x45670123);
    write(kKeyr, 0xCDEF89AB);
  }
  void wait() {
    while ((read(kSr) & kBsy) != 0) clock.wait_ns(10'000'000);
  }
  void erase(uint32_t sector) {
    write(kCr, kSer | kX32 | sector << 3);
    write(kCr, kSer | kX32 | sector << 3 | kStrt);
    wait();
  }

  std::vector<uint8_t> bytes = std::vector<uint8_t>(total_bytes(GetParam().sectors), 0xFF);
  Clock clock;
  Violations violations;
  Cells cells{{.sectors = GetParam().sectors, .word_bytes = 1, .ecc = false}, bytes};
  Stm32F4FlashController controller{cells, GetParam().variant(), clock, violations};
  AddressSpace space{clock, violations};
  ModelMmio mmio{space};
  bool expect_violations = false;
};
INSTANTIATE_TEST_SUITE_P(Families, F4Controller, testing::ValuesIn(kFamilies),
                         [](const auto& family) { return family.param.name; });

TEST_P(F4Controller, IsLockedAfterResetAndOpensWithItsKeys) {
  EXPECT_EQ(read(kCr), kLock);
  unlock();
  EXPECT_EQ(read(kCr), 0u);
  write(kCr, kLock);
  EXPECT_EQ(read(kCr), kLock);
}

TEST_P(F4Controller, KeysToAnOpenControllerChangeNothing) {
  unlock();
  unlock();
  EXPECT_EQ(read(kCr) & kLock, 0u);
  write(kCr, kLock);
  unlock();
  EXPECT_EQ(read(kCr) & kLock, 0u);
}

TEST_P(F4Controller, AWrongKeyLocksUntilReset) {
  for (const uint32_t first : {0x12345678u, 0xCDEF89ABu}) {
    space.begin_guard();
    write(kKeyr, first);
    unlock();
    EXPECT_EQ(read(kCr), kLock);
    controller.reset();
    unlock();
    space.end_guard();
    EXPECT_EQ(read(kCr), 0u);
    controller.reset();
  }
}

TEST_P(F4Controller, ChangesNothingWhileLocked) {
  expect_violations = true;
  bytes[0] = 0;
  write(kCr, kSer | kStrt);
  EXPECT_EQ(read(kCr), kLock);
  EXPECT_EQ(bytes[0], 0);
}

TEST_P(F4Controller, ErasesEachSectorByItsCode) {
  unlock();
  for (uint32_t sector = 0; sector < cells.sector_count(); ++sector) {
    std::fill(bytes.begin(), bytes.end(), uint8_t{0});
    erase(sector);
    for (uint32_t other = 0; other < cells.sector_count(); ++other) {
      const uint8_t expected = other == sector ? 0xFF : 0x00;
      EXPECT_EQ(bytes[cells.sector_offset(other)], expected) << sector << " " << other;
      EXPECT_EQ(bytes[cells.sector_offset(other) + cells.sector_size_bytes(other) - 1], expected);
    }
  }
}

TEST_P(F4Controller, TakesItsTimeAndSetsEopOnlyIfItsInterruptIsEnabled) {
  unlock();
  write(kCr, kSer | kX32 | kStrt);
  EXPECT_EQ(read(kSr), uint32_t{kBsy});
  const uint64_t begin = clock.now_ns();
  wait();
  EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), static_cast<double>(GetParam().first_erase_ns),
              1e5);
  EXPECT_EQ(read(kSr), 0u);
  write(kCr, kSer | kX32 | kEopIe | kStrt);
  EXPECT_EQ(read(kSr), uint32_t{kBsy}) << "not before its end";
  EXPECT_EQ(read(kCr) & kStrt, uint32_t{kStrt});
  wait();
  EXPECT_EQ(read(kSr), uint32_t{kEop});
  EXPECT_EQ(read(kCr) & kStrt, 0u) << "goes with BSY";
  write(kSr, kEop);
  EXPECT_EQ(read(kSr), 0u);
}

TEST_P(F4Controller, MassEraseWinsOverSectorErase) {
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  unlock();
  write(kCr, kMer | kSer | kX32 | kStrt);
  const uint64_t begin = clock.now_ns();
  wait();
  EXPECT_EQ(cells.stats().erases, cells.sector_count());
  uint64_t all_sectors_ns = 0;
  for (uint32_t sector = 0; sector < cells.sector_count(); ++sector) {
    all_sectors_ns += GetParam().variant().erase_sector_ns(cells.sector_size_bytes(sector), 2);
  }
  EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), static_cast<double>(all_sectors_ns), 1e5);
}

TEST_P(F4Controller, MassEraseIsRefusedWhereOneSectorIsProtected) {
  controller.protect_sector(3, true);
  unlock();
  write(kCr, kMer | kX32 | kStrt);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  EXPECT_EQ(cells.stats().erases, 0u);
}

TEST_P(F4Controller, OptionsTellOneBankAndWhatIsProtected) {
  const bool is_f7 = GetParam().name == "F76x";
  EXPECT_EQ(read(kOptcr), is_f7 ? 0xFFFFAAFDu : 0x0FFFAAEDu);
  controller.protect_sector(3, true);
  EXPECT_EQ(read(kOptcr) >> 16 & 0xFFF, 0xFF7u);
}

// RM0090, 3.7.2 and 3.7.4: keys, nWRP, OPTSTRT, BSY, OPTLOCK; in bytes and halves, as a HAL does it.
TEST_P(F4Controller, OptionsProtectSectors) {
  write(kOptkeyr, 0x08192A3B);
  write(kOptkeyr, 0x4C5D6E7F);
  EXPECT_EQ(read(kOptcr) & 1, 0u);
  const uint16_t open_sectors = mmio.read16(kBase + kOptcr + 2);
  mmio.write16(kBase + kOptcr + 2, static_cast<uint16_t>(open_sectors & ~(1u << 3)));
  mmio.write8(kBase + kOptcr, static_cast<uint8_t>(mmio.read8(kBase + kOptcr) | 2));
  EXPECT_EQ(read(kSr), uint32_t{kBsy});
  wait();
  mmio.write8(kBase + kOptcr, static_cast<uint8_t>(mmio.read8(kBase + kOptcr) | 1));
  EXPECT_EQ(read(kOptcr) & 3, 1u);
  unlock();
  erase(3);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  write(kSr, kWrpErr);
  erase(2);
  EXPECT_EQ(read(kSr), 0u);
  controller.reset();
  EXPECT_EQ(read(kOptcr) >> 16 & 0xFFF, 0xFF7u) << "options outlive a reset";
}

TEST_P(F4Controller, OptionsStayLockedWithoutTheirKeys) {
  expect_violations = true;
  write(kOptcr, read(kOptcr) & ~(1u << 16));
  EXPECT_EQ(violations.list().size(), 1u);
  space.begin_guard();
  write(kOptkeyr, 0x45670123);
  write(kOptkeyr, 0x08192A3B);
  write(kOptkeyr, 0x4C5D6E7F);
  EXPECT_FALSE(space.end_guard());
  EXPECT_EQ(read(kOptcr) & 1, 1u) << "a wrong key locks until reset";
  controller.reset();
  write(kOptkeyr, 0x08192A3B);
  write(kOptkeyr, 0x4C5D6E7F);
  EXPECT_EQ(read(kOptcr) & 1, 0u);
}

TEST_P(F4Controller, ProgramsInTheWidthOfItsParallelism) {
  unlock();
  write(kCr, kPg);
  mmio.write8(kArray + 1, 0x12);
  write(kCr, kPg);
  wait();
  write(kCr, kPg | 1 << 8);
  mmio.write16(kArray + 2, 0x3456);
  wait();
  write(kCr, kPg | kX32);
  mmio.write32(kArray + 4, 0x789ABCDE);
  EXPECT_EQ(read(kSr), uint32_t{kBsy});
  const uint64_t begin = clock.now_ns();
  wait();
  EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), 16'000, 100);
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin(), bytes.begin() + 8),
            (std::vector<uint8_t>{0xFF, 0x12, 0x56, 0x34, 0xDE, 0xBC, 0x9A, 0x78}));
  violations.clear();  // CR was written while the byte was still under way, on purpose
}

// RM0090, 3.6.3; a Cortex-M4 has no wider store, so a HAL writes a double word as two words.
TEST_P(F4Controller, ADoubleWordComesAsOneStoreOrAsItsTwoWords) {
  unlock();
  write(kCr, kPg | 3 << 8);
  space.store(kArray, 0x8877665544332211, 8);
  wait();
  mmio.write32(kArray + 8, 0x04030201);
  EXPECT_EQ(bytes[8], 0xFF) << "half a double word is not programmed";
  mmio.write32(kArray + 12, 0x08070605);
  EXPECT_EQ(read(kSr), uint32_t{kBsy});
  wait();
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin(), bytes.begin() + 16),
            (std::vector<uint8_t>{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_P(F4Controller, HalfADoubleWordIsAnError) {
  unlock();
  write(kCr, kPg | 3 << 8);
  mmio.write32(kArray + 4, 0);
  EXPECT_EQ(read(kSr), uint32_t{kPgpErr}) << "the upper word first";
  write(kSr, kPgpErr);
  mmio.write32(kArray, 0);
  mmio.write32(kArray + 12, 0);
  EXPECT_EQ(read(kSr), uint32_t{kPgpErr}) << "of another double word";
  write(kSr, kPgpErr);
  mmio.write32(kArray, 0);
  write(kCr, kPg | 3 << 8);
  mmio.write32(kArray + 4, 0);
  EXPECT_EQ(read(kSr), uint32_t{kPgpErr}) << "CR was written between the two";
  EXPECT_EQ(std::count(bytes.begin(), bytes.begin() + 16, 0xFF), 16);
}

TEST_P(F4Controller, ASecondProgramIsAnAndWithoutAnyFlag) {
  unlock();
  write(kCr, kPg | kX32);
  mmio.write32(kArray, 0xA5A5A5A5);
  mmio.write32(kArray, 0x5A5A5A5A);
  wait();
  EXPECT_EQ(read(kSr), 0u);
  EXPECT_EQ(mmio.read32(kArray), 0u);
}

TEST_P(F4Controller, MisuseOfAStoreRaisesItsFlagAndWritesNothing) {
  unlock();
  struct Case {
    const char* what;
    uint32_t control, offset;
    unsigned width;
    uint32_t flags;
  };
  for (const Case& c :
       {Case{"PG = 0", kX32, 0, 4, kPgsErr | kPgpErr}, Case{"too narrow", kPg | kX32, 0, 1, kPgpErr},
        Case{"too wide", kPg, 0, 4, kPgpErr}, Case{"x16 by words", kPg | 1 << 8, 0, 4, kPgpErr},
        Case{"unaligned", kPg | kX32, 2, 4, kPgpErr}}) {
    write(kCr, c.control);
    space.store(kArray + c.offset, 0, c.width);
    EXPECT_EQ(read(kSr), c.flags) << c.what;
    EXPECT_EQ(bytes[0], 0xFF) << c.what;
    write(kSr, c.flags);
    EXPECT_EQ(read(kSr), 0u);
  }
}

TEST_P(F4Controller, AProtectedSectorIsLeftAlone) {
  controller.protect_sector(1, true);
  unlock();
  erase(1);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  write(kSr, kWrpErr);
  write(kCr, kPg | kX32);
  mmio.write32(kArray + cells.sector_offset(1), 0);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  EXPECT_EQ(cells.stats().programs + cells.stats().erases, 0u);
}

TEST_P(F4Controller, CellsThatFailAreSilentUnlessTheErrorInterruptIsEnabled) {
  unlock();
  cells.set_fault_hook([](Operation operation, uint64_t, uint32_t) { return operation != Operation::kRead; });
  erase(0);
  EXPECT_EQ(read(kSr), 0u);
  write(kCr, kPg | kX32 | kErrIe);
  mmio.write32(kArray, 0);
  EXPECT_EQ(read(kSr), uint32_t{kBsy}) << "not before its end";
  wait();
  EXPECT_EQ(read(kSr), uint32_t{kOpErr});
  write(kSr, kOpErr);
  write(kCr, kSer | kX32 | kEopIe | kErrIe | kStrt);
  wait();
  EXPECT_EQ(read(kSr), uint32_t{kOpErr}) << "no end of operation";
}

TEST_P(F4Controller, ReadsWaitForTheOperation) {
  unlock();
  write(kCr, kSer | kX32 | kStrt);
  const uint64_t begin = clock.now_ns();
  mmio.read32(kArray + cells.sector_offset(11));
  EXPECT_GE(clock.now_ns() - begin, GetParam().first_erase_ns - 1'000) << "one bank: all of it";
}

TEST_P(F4Controller, RecordsWhatTheManualForbids) {
  expect_violations = true;
  const auto count = [&] { return violations.list().size(); };
  unlock();
  write(kCr, kX32 | kStrt);
  EXPECT_EQ(count(), 1u) << "STRT without SER or MER";
  for (uint32_t code : {12u, 15u, 28u, 31u}) write(kCr, kSer | kX32 | code << 3 | kStrt);
  EXPECT_EQ(count(), 5u) << "SNB that names no sector";
  write(kCr, kSer | kX32 | 16 << 3 | kStrt);
  EXPECT_EQ(count(), 6u) << "a sector of the bank that this part does not have";
  EXPECT_EQ(cells.stats().erases, 0u);
  write(kCr, kSer | kX32 | kStrt);
  write(kCr, 0);
  EXPECT_EQ(count(), 7u) << "CR during an operation";
  EXPECT_EQ(read(kSr) & kBsy, 0u) << "which held the bus until its end";
  write(kKeyr, 0x12345678);
  EXPECT_EQ(count(), 8u) << "no key";
}

TEST_P(F4Controller, StaysBusyWhenStuck) {
  controller.set_stuck_busy(true);
  EXPECT_EQ(read(kSr), 0u) << "nothing has begun";
  unlock();
  write(kCr, kSer | kX32 | kStrt);
  clock.wait_ns(100'000'000'000);
  EXPECT_EQ(read(kSr), uint32_t{kBsy});
  controller.set_stuck_busy(false);
  EXPECT_EQ(read(kSr), 0u);
}

TEST(F42xCaches, LieAfterAnOverwriteUntilTheyAreReset) {
  std::vector<uint8_t> bytes(16384, 0xFF);
  Clock clock;
  Violations violations;
  Cells cells({.sectors = {{16384, 1}}, .word_bytes = 4, .ecc = false}, bytes);
  Stm32F4FlashController controller(cells, Stm32F4FlashVariant::f42x(), clock, violations);
  AddressSpace space(clock, violations);
  space.map(kBase, Stm32F4FlashController::kRegisterBytes, controller.registers());
  space.map(kArray, 16384, controller.array());
  ModelMmio mmio(space);
  constexpr uint32_t kDcen = 1 << 10, kDcrst = 1 << 12;
  mmio.write32(kBase + kAcr, kDcen);
  mmio.write32(kBase + kKeyr, 0x45670123);
  mmio.write32(kBase + kKeyr, 0xCDEF89AB);
  mmio.write32(kBase + kCr, kPg | kX32);
  mmio.write32(kArray, 0xF0F0F0F0);
  EXPECT_EQ(mmio.read32(kArray), 0xF0F0F0F0);
  mmio.write32(kArray, 0x3C3C3C3C);
  EXPECT_EQ(mmio.read32(kArray), 0x3C3C3C3C) << "the value written";
  mmio.write32(kBase + kAcr, 0);
  mmio.write32(kBase + kAcr, kDcrst);
  mmio.write32(kBase + kAcr, kDcen);
  EXPECT_EQ(mmio.read32(kArray), 0x30303030u) << "the AND in the array";
  clock.work_ns(1'000'000);
  mmio.write32(kBase + kCr, kSer | kX32 | kStrt);
  clock.work_ns(1'000'000'000);
  EXPECT_EQ(mmio.read32(kArray), 0x30303030u) << "an erase does not empty the cache either";
  EXPECT_TRUE(violations.empty());
  mmio.write32(kBase + kAcr, kDcen | kDcrst);
  EXPECT_EQ(violations.list().size(), 1u) << "a reset while it is on does nothing";
}

}  // namespace
}  // namespace sim
