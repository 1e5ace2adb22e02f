#include "sim/stm32h7_flash_controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/mmio.h"

namespace sim {
namespace {

constexpr uint32_t kBase = 0x52002000;
constexpr uint32_t kArray = 0x08000000;
constexpr uint32_t kBankBytes = 1024 * 1024;
constexpr uint32_t kSectorBytes = 128 * 1024;

// Registers of bank 1; bank 2 is 0x100 further.
enum : uint32_t {
  kKeyr = 0x04,
  kOptkeyr = 0x08,
  kCr = 0x0C,
  kSr = 0x10,
  kCcr = 0x14,
  kOptcr = 0x18,
  kOptsrCur = 0x1C,
  kWpsnCur = 0x38,
  kWpsnPrg = 0x3C,
  kEccFa = 0x60
};
enum : uint32_t { kLock = 1, kPg = 2, kSer = 4, kBer = 8, kX32 = 0x20, kFw = 0x40, kStart = 0x80 };
enum : uint32_t {
  kBsy = 1,
  kWbne = 2,
  kQw = 4,
  kEop = 1 << 16,
  kWrpErr = 1 << 17,
  kPgsErr = 1 << 18,
  kStrbErr = 1 << 19,
  kIncErr = 1 << 21,
  kOpErr = 1 << 22,
  kSnEccErr = 1 << 25,
  kDbEccErr = 1 << 26
};

// By bank.
class H7Controller : public testing::TestWithParam<unsigned> {
 protected:
  H7Controller() {
    space.map(kBase, Stm32H7FlashController::kRegisterBytes, controller.registers());
    space.map(kArray, 2 * kBankBytes, controller.array());
  }
  ~H7Controller() override {
    for (const Violation& v : violations.list()) {
      if (!expect_violations) ADD_FAILURE() << v.where << ": " << v.what;
    }
    EXPECT_TRUE(!expect_violations || !violations.empty());
  }

  unsigned bank() const { return GetParam(); }
  uint32_t start() const { return kArray + bank() * kBankBytes; }
  uint32_t read(uint32_t reg) { return mmio.read32(kBase + bank() * 0x100 + reg); }
  void write(uint32_t reg, uint32_t value) { mmio.write32(kBase + bank() * 0x100 + reg, value); }
  void unlock() {
    write(kKeyr, 0x45670123);
    write(kKeyr, 0xCDEF89AB);
  }
  void wait() {
    while ((read(kSr) & kQw) != 0) clock.wait_ns(10'000'000);
  }
  void program(uint32_t address, uint32_t value, unsigned words = 8) {
    write(kCr, kPg | kX32);
    for (unsigned i = 0; i < words; ++i) mmio.write32(address + 4 * i, value);
  }
  void erase(uint32_t sector) {
    write(kCr, kSer | kX32 | sector << 8);
    write(kCr, kSer | kX32 | sector << 8 | kStart);
    wait();
  }
  uint32_t cell(uint32_t address) {
    space.begin_guard();
    const uint32_t value = mmio.read32(address);
    space.end_guard();
    return value;
  }

  std::vector<uint8_t> bytes = std::vector<uint8_t>(2 * kBankBytes, 0xFF);
  Clock clock;
  Violations violations;
  Cells cells{{.sectors = {{kSectorBytes, 16}}, .word_bytes = 32, .ecc = true}, bytes};
  Stm32H7FlashController controller{
      cells,
      {.erase_sector_ns = {2'000'000'000, 1'800'000'000, 1'100'000'000, 1'000'000'000},
       .program_word_ns = {290'000, 180'000, 130'000, 100'000}},
      clock,
      violations};
  AddressSpace space{clock, violations};
  ModelMmio mmio{space};
  bool expect_violations = false;
};
INSTANTIATE_TEST_SUITE_P(Banks, H7Controller, testing::Values(0u, 1u));

TEST_P(H7Controller, IsLockedAfterResetAndOpensWithItsKeys) {
  EXPECT_EQ(read(kCr), 0x31u);
  unlock();
  EXPECT_EQ(read(kCr) & kLock, 0u);
  write(kCr, kLock);
  EXPECT_EQ(read(kCr) & kLock, kLock);
  unlock();
  EXPECT_EQ(read(kCr) & kLock, 0u);
}

TEST_P(H7Controller, AWrongKeyLocksUntilReset) {
  for (int variant = 0; variant < 4; ++variant) {
    space.begin_guard();
    if (variant == 0) write(kKeyr, 0x12345678);
    if (variant == 1) write(kKeyr, 0xCDEF89AB);
    if (variant >= 2) write(kKeyr, 0x45670123);
    if (variant == 2) write(kKeyr, 0x45670123);
    if (variant == 3) write(kCcr, 0);  // another register between the keys
    unlock();
    EXPECT_EQ(read(kCr) & kLock, kLock) << variant;
    controller.reset();
    unlock();
    space.end_guard();
    EXPECT_EQ(read(kCr) & kLock, 0u) << variant;
    controller.reset();
  }
}

TEST_P(H7Controller, UnlockingTwiceLocksUntilReset) {
  expect_violations = true;
  unlock();
  space.begin_guard();
  unlock();
  unlock();
  space.end_guard();
  EXPECT_EQ(read(kCr) & kLock, kLock);
}

TEST_P(H7Controller, ChangesNothingWhileLocked) {
  expect_violations = true;
  bytes[bank() * kBankBytes] = 0;
  write(kCr, kSer | kStart);
  EXPECT_EQ(read(kCr), 0x31u);
  EXPECT_EQ(bytes[bank() * kBankBytes], 0);
}

TEST_P(H7Controller, ErasesTheSectorItIsTold) {
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  unlock();
  write(kCr, kSer | kX32 | 3 << 8);
  write(kCr, kSer | kX32 | 3 << 8 | kStart);
  EXPECT_EQ(read(kSr) & (kBsy | kQw), uint32_t{kBsy | kQw});
  const uint64_t begin = clock.now_ns();
  wait();
  EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), 1.1e9, 1e6);
  EXPECT_EQ(read(kSr), uint32_t{kEop});
  EXPECT_EQ(cell(start() + 3 * kSectorBytes), 0xFFFFFFFFu);
  EXPECT_EQ(cell(start() + 4 * kSectorBytes - 4), 0xFFFFFFFFu);
  EXPECT_EQ(cell(start() + 3 * kSectorBytes - 4), 0u);
  EXPECT_EQ(cells.stats().erases, 1u);
}

TEST_P(H7Controller, ParallelismSetsThePace) {
  unlock();
  for (const auto& [psize, ns] :
       {std::pair{0u, 290'000.0}, {1u, 180'000.0}, {2u, 130'000.0}, {3u, 100'000.0}}) {
    write(kCr, kPg | psize << 4);
    for (uint32_t i = 0; i < 8; ++i) mmio.write32(start() + 32 * psize + 4 * i, 0);
    const uint64_t begin = clock.now_ns();
    wait();
    EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), ns, 1'000);
  }
}

TEST_P(H7Controller, ABankEraseTakesPrecedence) {
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  unlock();
  write(kCr, kBer | kSer | kX32 | kStart);
  const uint64_t begin = clock.now_ns();
  EXPECT_LT(begin, 1'000u) << "one operation: nothing waits in the queue, the CPU goes on";
  wait();
  EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), 8 * 1.1e9, 1e6);
  EXPECT_EQ(cells.stats().erases, 8u);
  EXPECT_EQ(bytes[(1 - bank()) * kBankBytes], 0);
}

TEST_P(H7Controller, ProgramsAWordWhenItsBufferIsFull) {
  unlock();
  program(start() + 64, 0x11223344, 7);
  EXPECT_EQ(read(kSr), uint32_t{kWbne});
  EXPECT_EQ(cell(start() + 64), 0xFFFFFFFFu);
  mmio.write32(start() + 64 + 28, 0x55667788);
  EXPECT_EQ(read(kSr) & (kQw | kWbne), uint32_t{kQw});
  wait();
  EXPECT_EQ(read(kSr), uint32_t{kEop});
  EXPECT_EQ(cell(start() + 64), 0x11223344u);
  EXPECT_EQ(cell(start() + 92), 0x55667788u);
}

TEST_P(H7Controller, ForceWritePadsWithOnes) {
  unlock();
  program(start(), 0x11223344, 2);
  write(kCr, kPg | kX32 | kFw);
  wait();
  EXPECT_EQ(cell(start() + 4), 0x11223344u);
  EXPECT_EQ(cell(start() + 8), 0xFFFFFFFFu);
  EXPECT_EQ(read(kCr) & kFw, 0u);
}

TEST_P(H7Controller, LeavingProgramModeDropsTheBuffer) {
  unlock();
  program(start(), 0, 3);
  write(kCr, kX32);
  EXPECT_EQ(read(kSr) & kWbne, 0u);
  program(start(), 0x77777777);
  wait();
  EXPECT_EQ(cell(start()), 0x77777777u);
}

TEST_P(H7Controller, QueuesOneWordAndHoldsTheBusForAThird) {
  unlock();
  const uint64_t begin = clock.now_ns();
  for (uint32_t i = 0; i < 3; ++i) program(start() + 32 * i, i);
  EXPECT_GT(clock.now_ns() - begin, 130'000u) << "the third waits for the first";
  EXPECT_LT(clock.now_ns() - begin, 140'000u);
  wait();
  EXPECT_NEAR(static_cast<double>(clock.now_ns() - begin), 390'000, 3'000);
  EXPECT_EQ(cell(start() + 64), 2u);
}

TEST_P(H7Controller, AStoreOutsideProgramModeIsASequenceError) {
  unlock();
  mmio.write32(start(), 0);
  EXPECT_EQ(read(kSr), uint32_t{kPgsErr});
  program(start(), 0);  // refused as long as the flag stands
  EXPECT_EQ(read(kSr), uint32_t{kPgsErr});
  EXPECT_EQ(cell(start()), 0xFFFFFFFFu);
  write(kCcr, kPgsErr);
  program(start(), 0x12);
  wait();
  EXPECT_EQ(cell(start()), 0x12u);
}

TEST_P(H7Controller, AnotherWordBeforeTheFirstIsFullIsInconsistent) {
  unlock();
  program(start(), 0, 3);
  mmio.write32(start() + 32, 0);
  EXPECT_EQ(read(kSr), uint32_t{kIncErr});
  mmio.write32(start(), 0);
  EXPECT_EQ(read(kSr), uint32_t{kIncErr | kPgsErr}) << "as long as INCERR stands";
  EXPECT_EQ(cell(start()), 0xFFFFFFFFu);
}

TEST_P(H7Controller, ASecondStoreToAByteIsAStrobeErrorAndWins) {
  unlock();
  program(start(), 0x11111111, 1);
  mmio.write32(start(), 0x22222222);
  EXPECT_EQ(read(kSr), uint32_t{kStrbErr | kWbne});
  for (uint32_t i = 1; i < 8; ++i) mmio.write32(start() + 4 * i, 0);
  wait();
  EXPECT_EQ(cell(start()), 0x22222222u);
}

TEST_P(H7Controller, AProtectedSectorIsLeftAlone) {
  controller.protect_sector(bank(), 2, true);
  unlock();
  program(start() + 2 * kSectorBytes, 0);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  write(kCcr, kWrpErr);
  erase(2);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  EXPECT_EQ(cells.stats().programs + cells.stats().erases, 0u);
}

TEST_P(H7Controller, OptionsTellWhatIsProtected) {
  EXPECT_EQ(read(kWpsnCur), 0xFFu);
  controller.protect_sector(bank(), 2, true);
  EXPECT_EQ(read(kWpsnCur), 0xFBu);
  EXPECT_EQ(read(kOptcr), 1u);
}

// RM0433, 4.5.1: keys, WPSN_PRG, OPTSTART, OPT_BUSY.
TEST_P(H7Controller, OptionsProtectSectors) {
  write(kOptkeyr, 0x08192A3B);
  write(kOptkeyr, 0x4C5D6E7F);
  EXPECT_EQ(read(kOptcr), 0u);
  write(kWpsnPrg, read(kWpsnPrg) & ~(1u << 5));
  EXPECT_EQ(read(kWpsnCur), 0xFFu);
  write(kOptcr, read(kOptcr) | 2);
  EXPECT_EQ(read(kOptsrCur), 1u);
  clock.pass_ns(1'000'000'000);
  EXPECT_EQ(read(kOptsrCur), 0u);
  EXPECT_EQ(read(kWpsnCur), 0xDFu);
  write(kOptcr, 1);
  unlock();
  erase(5);
  EXPECT_EQ(read(kSr), uint32_t{kWrpErr});
  EXPECT_EQ(read(kOptcr), 1u);
}

// RM0433, 4.3.10: both banks at once, which the lock of the options guards.
TEST_P(H7Controller, AMassEraseErasesBothBanks) {
  std::fill(bytes.begin(), bytes.end(), uint8_t{0x5A});
  unlock();
  write(kCr, kX32);
  write(kOptkeyr, 0x08192A3B);
  write(kOptkeyr, 0x4C5D6E7F);
  write(kOptcr, read(kOptcr) | 1u << 4);
  EXPECT_NE(read(kSr) & kQw, 0u);
  EXPECT_NE(mmio.read32(kBase + (1 - bank()) * 0x100 + kSr) & kQw, 0u);
  wait();
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0xFF), static_cast<ptrdiff_t>(bytes.size()));
}

TEST_P(H7Controller, OptionsStayLockedWithoutTheirKeys) {
  expect_violations = true;
  unlock();
  write(kOptcr, 1u << 4);
  EXPECT_EQ(violations.list().size(), 1u);
  EXPECT_EQ(read(kSr), 0u);
  space.begin_guard();
  write(kOptkeyr, 1);
  EXPECT_FALSE(space.end_guard());
}

// Read-while-write across the banks (RM0433, 4.3.8): each has its own operation.
TEST_P(H7Controller, BothBanksWorkAtOnce) {
  const uint32_t other = kBase + (1 - bank()) * 0x100;
  mmio.write32(other + kKeyr, 0x45670123);
  mmio.write32(other + kKeyr, 0xCDEF89AB);
  unlock();
  const uint64_t begin_ns = clock.now_ns();
  write(kCr, kSer | kX32 | 1 << 8 | kStart);
  mmio.write32(other + kCr, kSer | kX32 | 2 << 8 | kStart);
  wait();
  while ((mmio.read32(other + kSr) & kQw) != 0) clock.wait_ns(10'000'000);
  EXPECT_LT(clock.now_ns() - begin_ns, 1'200'000'000u) << "one erase, not two";
  EXPECT_EQ(cells.stats().erases, 2u);
}

TEST_P(H7Controller, EachWordInTheQueueEndsForItself) {
  unlock();
  program(start(), 1);
  program(start() + 32, 2);
  clock.work_ns(131'000);
  EXPECT_EQ(read(kSr), uint32_t{kEop | kBsy | kQw});
  write(kCcr, kEop);
  EXPECT_EQ(read(kSr), uint32_t{kBsy | kQw});
  wait();
  EXPECT_EQ(read(kSr), uint32_t{kEop});
}

TEST_P(H7Controller, CellsThatFailRaiseAnOperationError) {
  unlock();
  cells.set_fault_hook([](Operation operation, uint64_t, uint32_t) { return operation != Operation::kRead; });
  program(start(), 0);
  EXPECT_EQ(read(kSr), uint32_t{kBsy | kQw}) << "not before the end";
  wait();
  EXPECT_EQ(read(kSr), uint32_t{kOpErr});
  write(kCcr, kOpErr);
  erase(0);
  EXPECT_EQ(read(kSr), uint32_t{kOpErr});
}

TEST_P(H7Controller, ASecondProgramBreaksTheEccAndItsReadsFault) {
  expect_violations = true;
  unlock();
  program(start() + 96, 0x0F0F0F0F);
  wait();
  program(start() + 96, 0x33333333);
  wait();
  write(kCcr, kEop);
  std::vector<uint8_t> out(64);
  space.begin_guard();
  mmio.read_memory(start() + 64, out);
  space.end_guard();
  EXPECT_EQ(read(kSr), uint32_t{kDbEccErr});
  EXPECT_EQ(read(kEccFa), 3u);
  write(kCcr, kDbEccErr);
  EXPECT_EQ(read(kEccFa), 0u) << "goes with its flag";
  const size_t before = violations.list().size();
  mmio.read32(start() + 100);
  EXPECT_EQ(violations.list().size(), before + 1) << "without a guard it is a HardFault";
  mmio.read32(start() + 64);
  EXPECT_EQ(violations.list().size(), before + 1) << "its neighbours read on";
}

TEST_P(H7Controller, AWeakWordIsCorrected) {
  bytes[bank() * kBankBytes + 32] = 0x42;
  controller.weaken_word(bank() * kBankBytes + 32);
  EXPECT_EQ(mmio.read8(start() + 32), 0x42);
  EXPECT_EQ(read(kSr), uint32_t{kSnEccErr});
  EXPECT_EQ(read(kEccFa), 1u);
  write(kCcr, kSnEccErr);
  unlock();
  erase(0);
  write(kCcr, kEop);
  mmio.read8(start() + 32);
  EXPECT_EQ(read(kSr), 0u);
}

TEST_P(H7Controller, ReadsOfABusyBankWaitTheOtherReadsOn) {
  unlock();
  write(kCr, kSer | kX32 | kStart);
  const uint64_t begin = clock.now_ns();
  mmio.read32(kArray + (1 - bank()) * kBankBytes);
  EXPECT_LT(clock.now_ns() - begin, 1'000u);
  mmio.read32(start());
  EXPECT_GE(clock.now_ns() - begin, 1'099'000'000u);
}

TEST_P(H7Controller, StaysBusyWhenStuck) {
  controller.set_stuck_busy(true);
  EXPECT_EQ(read(kSr), 0u) << "nothing has begun";
  unlock();
  write(kCr, kSer | kX32 | kStart);
  clock.wait_ns(10'000'000'000);
  EXPECT_EQ(read(kSr), uint32_t{kBsy | kQw});
  controller.set_stuck_busy(false);
  EXPECT_EQ(read(kSr), uint32_t{kEop});
}

TEST_P(H7Controller, WhatRunsWhenItGetsStuckEndsAndWhatWaitsDoesNot) {
  unlock();
  write(kCr, kSer | kX32 | kStart);
  controller.set_stuck_busy(true);
  program(start() + kSectorBytes, 0, 8);
  clock.wait_ns(2'000'000'000);
  clock.wait_ns(2'000'000'000);
  EXPECT_EQ(read(kSr), uint32_t{kEop | kBsy | kQw}) << "the erase is over, and the program never";
  controller.set_stuck_busy(false);
  EXPECT_EQ(read(kSr), uint32_t{kEop});
}

TEST_P(H7Controller, RecordsWhatTheManualForbids) {
  expect_violations = true;
  const auto count = [&] { return violations.list().size(); };
  unlock();
  write(kCr, kX32 | kStart);
  EXPECT_EQ(count(), 1u) << "START without SER or BER";
  write(kCr, kSer | kX32 | kStart);
  write(kCr, kSer);
  EXPECT_EQ(count(), 2u) << "PSIZE during an operation";
}

TEST_P(H7Controller, AResetForgetsEverythingVolatile) {
  unlock();
  program(start(), 0, 3);
  controller.set_error(bank(), kPgsErr);
  controller.reset();
  EXPECT_EQ(read(kSr), 0u);
  EXPECT_EQ(read(kCr), 0x31u);
}

}  // namespace
}  // namespace sim
