// The serial NOR driver over the STM32's controllers, on the models of both: every chip on its bus.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "drivers/nor_testing.h"
#include "drivers/spi_bus.h"
#include "drivers/spi_nor.h"
#include "drivers/stm32_quadspi.h"
#include "drivers/stm32_xspi.h"
#include "sim/bus.h"
#include "sim/mmio.h"
#include "sim/nor_chip.h"
#include "sim/quadspi.h"
#include "sim/spi_controller.h"
#include "sim/xspi.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

enum class Wiring { kQuadSpi, kQuadSpiIndirect, kXspi, kSpi };

struct Setup {
  std::string name;
  const sim::NorChipPart& (*part)();
  Wiring wiring;
  NorLines lines;
  uint32_t id;
};
const Setup kSetups[] = {
    {"W25Q256JV", sim::w25q256jv, Wiring::kQuadSpi, NorLines::kFour, 0xEF4019},
    {"W25Q256JV_indirect", sim::w25q256jv, Wiring::kQuadSpiIndirect, NorLines::kFour, 0xEF4019},
    {"W25Q256JV_one_line", sim::w25q256jv, Wiring::kQuadSpi, NorLines::kOne, 0xEF4019},
    {"AT25SF128A", sim::at25sf128a, Wiring::kQuadSpi, NorLines::kFour, 0x1F8901},
    {"MX25L12833F", sim::mx25l12833f, Wiring::kQuadSpi, NorLines::kFour, 0xC22018},
    {"MX25UM25645G", sim::mx25um25645g, Wiring::kXspi, NorLines::kEight, 0xC28039},
    {"MX25UM25645G_one_line", sim::mx25um25645g, Wiring::kXspi, NorLines::kOne, 0xC28039},
    {"MX25L12833F_spi", sim::mx25l12833f, Wiring::kSpi, NorLines::kOne, 0xC22018},
    {"W25Q256JV_spi", sim::w25q256jv, Wiring::kSpi, NorLines::kOne, 0xEF4019},
};

constexpr uint32_t kRegisters = 0x52005000;
constexpr uint32_t kGpio = 0x58020000;
constexpr uint32_t kWindow = 0x90000000;
constexpr uint64_t kKernelHz = 200'000'000;

class SerialStack : public testing::TestWithParam<Setup> {
 protected:
  SerialStack()
      : chip(GetParam().part(), cells, clock, violations),
        platform{this, [](void* self) { return static_cast<SerialStack*>(self)->clock.now_us(); },
                 [](void* self) {
                   ++static_cast<SerialStack*>(self)->yields;
                   static_cast<SerialStack*>(self)->clock.wait_ns(1'000'000);
                 },
                 [](void* self, uint32_t, uint32_t) { ++static_cast<SerialStack*>(self)->changes; }} {
    build_bus();
    nor = &nors.emplace(GetParam().lines, *bus, {.platform = platform, .mapped_reads = is_mapped()});
  }
  ~SerialStack() override {
    for (const sim::Violation& v : violations.list()) {
      ADD_FAILURE() << "at " << v.at_ns << " ns, " << v.where << ": " << v.what;
    }
  }

  bool is_mapped() const {
    return GetParam().wiring == Wiring::kQuadSpi || GetParam().wiring == Wiring::kXspi;
  }
  bool is_octal() const { return GetParam().lines == NorLines::kEight; }

  void build_bus() {
    const sim::ModelMmio mmio(space);
    switch (GetParam().wiring) {
      case Wiring::kQuadSpi:
      case Wiring::kQuadSpiIndirect:
        quad_model.emplace(chip, clock, violations, kKernelHz,
                           sim::QuadSpiErrata{.mapped_end_hangs = true, .transfer_error_after_mapped = true});
        space.map(kRegisters, sim::QuadSpi::kRegisterBytes, *quad_model);
        space.map(kWindow, sim::QuadSpi::kWindowBytes, quad_model->window());
        bus = &quad_bus.emplace(Stm32QuadSpiConfig{kRegisters, kWindow, 1, 2, platform}, mmio);
        break;
      case Wiring::kXspi:
        xspi_model.emplace(chip, clock, violations, kKernelHz);
        space.map(kRegisters, sim::Xspi::kRegisterBytes, *xspi_model);
        space.map(kWindow, sim::Xspi::kWindowBytes, xspi_model->window());
        bus = &xspi_bus.emplace(Stm32XspiConfig{kRegisters, kWindow, 0, 2, platform}, mmio);
        break;
      case Wiring::kSpi:
        spi_model.emplace(chip, clock, violations, kKernelHz, 6u);
        space.map(kRegisters, sim::SpiController::kRegisterBytes, *spi_model);
        space.map(kGpio, sim::SpiController::kGpioBytes, spi_model->gpio());
        space.store(kGpio, 1u << 12, 4);  // the board makes the chip select an output
        bus = &spi_bus.emplace(Stm32SpiPort<sim::ModelMmio>({kRegisters, kGpio, 6, 1, platform}, mmio));
        break;
    }
  }

  // A command of the chip's last owner, framed as the chip understands it now.
  void send(uint8_t opcode, bool has_address = false, std::vector<uint8_t> data = {}) {
    const bool octal = chip.protocol() == sim::ChipProtocol::kOctalDtr;
    sim::WireCommand wire;
    wire.instruction = octal ? static_cast<uint16_t>(opcode << 8 | (~opcode & 0xFF)) : opcode;
    wire.instruction_bytes = octal ? 2 : 1;
    wire.instruction_lanes = wire.address_lanes = wire.data_lanes =
        octal ? sim::Lanes{8, true} : sim::Lanes{1, false};
    if (has_address) wire.address_bytes = octal ? 4 : chip.framing(opcode).address_bytes;
    wire.data = data.empty() ? sim::Direction::kNone : sim::Direction::kToChip;
    chip.select(wire);
    if (!data.empty()) chip.write(data);
    chip.deselect();
  }

  void leave_chip_in(unsigned state);

  // CR.EN, or CR1.SPE with chip select high.
  bool is_controller_off() {
    const bool is_spi = GetParam().wiring == Wiring::kSpi;
    if (is_spi && (space.load(kGpio + 0x14, 4) >> 6 & 1) == 0) return false;
    return (space.load(kRegisters, 4) & (is_spi ? 1u << 6 : 1u)) == 0;
  }

  void expect_to_work(uint32_t seed) {
    ASSERT_TRUE(nor->erase(8192, 4096).ok());
    const std::vector<uint8_t> data = pattern(300, seed);
    ASSERT_TRUE(nor->program(8192 + 5, data).ok());
    EXPECT_EQ(read(8192 + 5, data.size()), data);
  }

  void fill(uint8_t value) { std::fill(bytes.begin(), bytes.end(), value); }
  std::vector<uint8_t> read(uint32_t offset, size_t length) {
    std::vector<uint8_t> out(length);
    EXPECT_TRUE(nor->read(offset, out).ok());
    return out;
  }
  static std::vector<uint8_t> pattern(size_t length, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<uint8_t> data(length);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    return data;
  }

  std::vector<uint8_t> bytes = std::vector<uint8_t>(GetParam().part().size_bytes, 0xFF);
  sim::Clock clock;
  sim::Violations violations;
  sim::Cells cells{{.sectors = {{4096, GetParam().part().size_bytes / 4096}}}, bytes};
  sim::NorChip chip;
  sim::AddressSpace space{clock, violations};
  Platform platform;
  uint64_t yields = 0;
  uint64_t changes = 0;
  std::optional<sim::QuadSpi> quad_model;
  std::optional<sim::Xspi> xspi_model;
  std::optional<sim::SpiController> spi_model;
  std::optional<Stm32QuadSpi<sim::ModelMmio>> quad_bus;
  std::optional<Stm32Xspi<sim::ModelMmio>> xspi_bus;
  std::optional<SpiBus<Stm32SpiPort<sim::ModelMmio>>> spi_bus;
  NorBus* bus = nullptr;
  LinedNor nors;
  SpiNor* nor = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Chips, SerialStack, testing::ValuesIn(kSetups),
                         [](const auto& setup) { return setup.param.name; });

TEST_P(SerialStack, FindsOutWhatTheChipIs) {
  ASSERT_TRUE(nor->init().ok());
  EXPECT_EQ(nor->jedec_id(), GetParam().id);
  EXPECT_EQ(nor->size_bytes(), bytes.size());
  EXPECT_EQ(nor->geometry().largest_sector_bytes(), 4096u);
  EXPECT_EQ(nor->geometry().program_page_bytes, 256u);
  EXPECT_EQ(nor->geometry().program_unit_bytes, 1u);
  EXPECT_EQ(chip.protocol(), is_octal() ? sim::ChipProtocol::kOctalDtr : sim::ChipProtocol::kSpi);
  const sim::StatusBit quad = GetParam().part().quad_enable;
  EXPECT_EQ((chip.status(quad.index) & quad.mask) != 0,
            GetParam().lines == NorLines::kFour && quad.mask != 0);
}

TEST_P(SerialStack, BeforeInitThereAreNoBytes) {
  std::vector<uint8_t> out(1);
  EXPECT_EQ(nor->read(0, out), Error::kInvalid);
  EXPECT_EQ(nor->size_bytes(), 0u);
}

TEST_P(SerialStack, ErasesProgramsAndReadsAnyRange) {
  ASSERT_TRUE(nor->init().ok());
  std::mt19937 random(7);
  std::vector<uint8_t> model(bytes.size(), 0xFF);
  const auto size = static_cast<uint32_t>(bytes.size());
  for (int step = 0; step < 120; ++step) {
    // Places of interest: the start, the middle (16 MiB on the large chips), the end.
    const uint32_t base = std::array<uint32_t, 3>{0, size / 2 - 65536, size - 131072}[random() % 3];
    const auto offset = static_cast<uint32_t>(base + random() % 131000);
    const auto length = static_cast<uint32_t>(1 + random() % (step % 5 == 0 ? 3000 : 40)) % (size - offset);
    if (random() % 3 == 0) {
      const uint32_t sector = offset / 4096 * 4096;
      const uint32_t sectors =
          std::min<uint32_t>(1 + static_cast<uint32_t>(random() % 20), (size - sector) / 4096);
      ASSERT_TRUE(nor->erase(sector, sectors * 4096).ok());
      std::fill_n(model.begin() + sector, sectors * 4096, uint8_t{0xFF});
    } else if (random() % 2 == 0) {
      const std::vector<uint8_t> data = pattern(length, static_cast<uint32_t>(step));
      ASSERT_TRUE(nor->program(offset, data).ok());
      for (uint32_t i = 0; i < length; ++i) model[offset + i] &= data[i];
    } else {
      ASSERT_EQ(read(offset, length),
                std::vector<uint8_t>(model.begin() + offset, model.begin() + offset + length));
    }
  }
  EXPECT_EQ(bytes, model);
}

TEST_P(SerialStack, AddressesAreRightAcross16Mib) {
  constexpr uint32_t kLine = 16u << 20;
  if (bytes.size() <= kLine) GTEST_SKIP() << "the chip ends there";
  ASSERT_TRUE(nor->init().ok());
  ASSERT_TRUE(nor->program(kLine - 4096, std::vector<uint8_t>(8192, 0)).ok());
  ASSERT_TRUE(nor->erase(kLine - 4096, 8192).ok());
  const std::vector<uint8_t> data = pattern(3001, 3);
  ASSERT_TRUE(nor->program(kLine - 1501, data).ok());
  EXPECT_EQ(read(kLine - 1501, data.size()), data);
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin() + kLine - 1501, bytes.begin() + kLine - 1501 + 3001), data);
  EXPECT_EQ(read(0, 4096), std::vector<uint8_t>(4096, 0xFF)) << "nothing went to the start of the chip";
}

TEST_P(SerialStack, EachSizeOfEraseErasesItsAreaAndNoMore) {
  ASSERT_TRUE(nor->init().ok());
  const uint32_t size = static_cast<uint32_t>(bytes.size());
  for (const sim::ChipEraseTime& time : GetParam().part().erase_times) {
    const auto& large = nor->geometry().large_erase_bytes;
    if (time.size_bytes != 4096 && std::ranges::count(large, time.size_bytes) == 0) continue;
    for (const uint32_t offset : {65536u, size - 2 * 65536}) {
      SCOPED_TRACE(std::to_string(time.size_bytes) + " at " + std::to_string(offset));
      const std::span<uint8_t> around = std::span(bytes).subspan(offset - 65536, 3 * 65536);
      std::ranges::fill(around, uint8_t{0});
      const uint64_t begin_ns = clock.now_ns();
      ASSERT_TRUE(nor->erase(offset, time.size_bytes).ok());
      EXPECT_LT(clock.now_ns() - begin_ns, time.time.typical_ns + 2'000'000) << "one command";
      EXPECT_EQ(read(offset, time.size_bytes), std::vector<uint8_t>(time.size_bytes, 0xFF));
      EXPECT_EQ(std::ranges::count(around, 0xFF), time.size_bytes);
      EXPECT_FALSE(chip.is_four_byte_mode());
    }
  }
}

TEST_P(SerialStack, ARunOfSectorsUsesTheLargestErase) {
  ASSERT_TRUE(nor->init().ok());
  const uint64_t before_ns = clock.now_ns();
  ASSERT_TRUE(nor->erase(65536, 2 * 65536).ok());
  const uint64_t run_ns = clock.now_ns() - before_ns;
  const uint64_t sector_ns = GetParam().part().erase_times.front().time.typical_ns;
  EXPECT_LT(run_ns, 32 * sector_ns * 9 / 10);
  EXPECT_GT(yields, 0u) << "the rest of the camera lives on meanwhile";
  EXPECT_EQ(changes, is_mapped() ? 1u : 0u);
}

// What the last owner may have left the chip in, all of it together if the chip can.
enum LeftIn : unsigned { kFourByteMode = 1, kOctalDtr = 2, kAsleep = 4, kErasing = 8, kEverything = 15 };

void SerialStack::leave_chip_in(unsigned state) {
  if ((state & kFourByteMode) != 0) send(0xB7);
  if ((state & kOctalDtr) != 0) {
    send(0x06);
    send(0x72, true, {2});
  }
  if ((state & kAsleep) != 0) send(0xB9);
  if ((state & kErasing) != 0) {
    fill(0x5A);
    send(0x06);
    send((state & kOctalDtr) != 0 ? 0x21 : 0x20, true);
  }
}

TEST_P(SerialStack, InitRecoversAChipThatItsLastOwnerLeftSomewhere) {
  const bool has_octal = GetParam().id == 0xC28039;
  const bool has_four_byte_mode = GetParam().id == 0xEF4019;
  for (unsigned state = 0; state <= kEverything; ++state) {
    if ((state & kFourByteMode) != 0 && !has_four_byte_mode) continue;
    // A bus of one line does not reach a chip that listens on eight.
    if ((state & kOctalDtr) != 0 && !(has_octal && is_octal())) continue;
    if ((state & kAsleep) != 0 && (state & kErasing) != 0) continue;
    SCOPED_TRACE(state);
    chip.power_cycle();
    clock.pass_ns(1'000'000);
    leave_chip_in(state);
    EXPECT_EQ(chip.is_four_byte_mode(), (state & kFourByteMode) != 0);
    EXPECT_EQ(chip.protocol() == sim::ChipProtocol::kOctalDtr, (state & kOctalDtr) != 0);
    EXPECT_EQ(chip.is_asleep(), (state & kAsleep) != 0);
    EXPECT_EQ(chip.is_busy(), (state & kErasing) != 0);
    ASSERT_TRUE(nor->init().ok());
    if ((state & kErasing) != 0) EXPECT_EQ(read(0, 4096), std::vector<uint8_t>(4096, 0xFF)) << "not cut off";
    violations.clear();  // what a foreign owner, and a driver that cannot know the state yet, may do
    expect_to_work(state);
  }
}

// A boot loader leaves the controller with the chip mapped, and the window was just in use.
TEST_P(SerialStack, InitTakesOverAControllerInUse) {
  ASSERT_TRUE(nor->init().ok());
  read(100, 50);
  LinedNor nexts;
  SpiNor& next = nexts.emplace(GetParam().lines, *bus, {.platform = platform, .mapped_reads = is_mapped()});
  ASSERT_TRUE(next.init().ok());
  violations.clear();  // it begins with what a chip in octal DTR does not understand
  EXPECT_TRUE(next.program(8192, pattern(300, 1)).ok());
  std::vector<uint8_t> out(300);
  EXPECT_TRUE(next.read(8192, out).ok());
  EXPECT_EQ(out, pattern(300, 1));
}

// TEF, or a bus error of the window: the controller is told that the chip is smaller than it is.
TEST_P(SerialStack, ATransferErrorIsAnErrorAndTheControllerGoesOn) {
  if (GetParam().wiring == Wiring::kSpi) GTEST_SKIP() << "a plain SPI bus knows no addresses";
  ASSERT_TRUE(nor->init().ok());
  const uint32_t size_register = kRegisters + (GetParam().wiring == Wiring::kXspi ? 0x008 : 0x004);
  const uint64_t real = space.load(size_register, 4);
  space.store(size_register, (real & ~(0x1Fu << 16)) | 12u << 16, 4);  // 8 KiB
  std::vector<uint8_t> out(16);
  EXPECT_EQ(nor->read(8192, out), Error::kIo);
  // QUADSPI's driver tells the size anew when it leaves the window.
  if (GetParam().wiring != Wiring::kQuadSpi) {
    EXPECT_EQ(nor->program(8192, pattern(16, 1)), Error::kIo);
    EXPECT_EQ(nor->erase(8192, 4096), Error::kIo);
  }
  space.store(size_register, real, 4);
  EXPECT_TRUE(nor->read(8192, out).ok());
  EXPECT_EQ(out, std::vector<uint8_t>(16, 0xFF));
  expect_to_work(2);
}

TEST_P(SerialStack, AMissingChipIsNoDevice) {
  chip.options().missing = true;
  EXPECT_EQ(nor->init(), Error::kNoDevice);
  EXPECT_EQ(nor->size_bytes(), 0u);
  EXPECT_TRUE(is_controller_off());
  violations.clear();  // commands to nobody
  chip.options().missing = false;
  EXPECT_TRUE(nor->init().ok()) << "a later try finds it";
}

TEST_P(SerialStack, AChipOfAnotherSizeIsNoDevice) {
  LinedNor others;
  SpiNor& other =
      others.emplace(GetParam().lines, *bus, {.platform = platform, .expected_size_bytes = 8u << 20});
  EXPECT_EQ(other.init(), Error::kNoDevice);
  EXPECT_TRUE(is_controller_off());
}

// The maximum is that of the data sheet. One chip's SFDP has no times: it gets those of the slowest.
TEST_P(SerialStack, AChipThatStaysBusyTimesOutAfterItsMaximum) {
  const sim::NorChipPart& part = GetParam().part();
  const bool tells_times = GetParam().id != 0x1F8901;
  struct Case {
    const char* what;
    std::function<Status()> change;
    uint64_t maximum_ns;
  };
  const std::vector<uint8_t> page(256, 0);
  for (const Case& c :
       {Case{"4 KiB", [&] { return nor->erase(4096, 4096); }, part.erase_times.front().time.maximum_ns},
        Case{"64 KiB", [&] { return nor->erase(65536, 65536); }, part.erase_times.back().time.maximum_ns},
        Case{"page", [&] { return nor->program(256, page); }, part.program_page.maximum_ns}}) {
    SCOPED_TRACE(c.what);
    ASSERT_TRUE(nor->init().ok());
    chip.options().stuck_busy = true;
    const uint64_t begin_ns = clock.now_ns();
    EXPECT_EQ(c.change(), Error::kTimedOut);
    const uint64_t waited_ns = clock.now_ns() - begin_ns;
    EXPECT_GE(waited_ns, c.maximum_ns);
    EXPECT_LE(waited_ns, (tells_times ? 1 : 3) * c.maximum_ns + 2'000'000) << "looked at each millisecond";
    std::vector<uint8_t> out(16);
    EXPECT_EQ(nor->read(0, out), Error::kTimedOut) << "and is not read meanwhile";
    violations.clear();
    chip.options().stuck_busy = false;
    chip.power_cycle();
    clock.pass_ns(1'000'000);
  }
  EXPECT_TRUE(nor->init().ok());
  EXPECT_TRUE(nor->erase(0, 4096).ok());
}

TEST_P(SerialStack, TheSlowestChipOfItsKindIsWaitedFor) {
  chip.options().worst_case_times = true;
  ASSERT_TRUE(nor->init().ok());
  EXPECT_TRUE(nor->erase(0, 65536).ok());
  EXPECT_TRUE(nor->program(0, pattern(600, 1)).ok());
}

TEST_P(SerialStack, CellsThatFailAreReportedWhereTheChipCanTell) {
  ASSERT_TRUE(nor->init().ok());
  const bool can_tell = GetParam().id >> 16 == 0xC2;  // Macronix' security register
  const Status expected = can_tell ? Status(Error::kIo) : Status();
  for (const sim::Operation kind : {sim::Operation::kProgram, sim::Operation::kErase}) {
    cells.set_fault_hook([kind](sim::Operation operation, uint64_t, uint32_t) { return operation == kind; });
    EXPECT_EQ(nor->program(0, std::vector<uint8_t>(16, 0)),
              kind == sim::Operation::kProgram ? expected : Status());
    EXPECT_EQ(nor->erase(0, 4096), kind == sim::Operation::kErase ? expected : Status());
    cells.set_fault_hook({});
    EXPECT_TRUE(nor->program(0, std::vector<uint8_t>(16, 0)).ok()) << "an old failure is not reported again";
    EXPECT_TRUE(nor->erase(0, 4096).ok());
  }
}

TEST_P(SerialStack, AReadThatFailsIsAnError) {
  if (GetParam().wiring == Wiring::kSpi) GTEST_SKIP() << "a plain SPI bus has no way to tell";
  ASSERT_TRUE(nor->init().ok());
  cells.set_fault_hook([](sim::Operation, uint64_t, uint32_t) { return true; });
  std::vector<uint8_t> out(64);
  EXPECT_EQ(nor->read(0, out), Error::kIo);
  cells.set_fault_hook({});
  EXPECT_TRUE(nor->read(0, out).ok());
}

TEST_P(SerialStack, AProtectedChipIsFoundOutByWhoReadsBack) {
  ASSERT_TRUE(nor->init().ok());
  chip.set_status(0, static_cast<uint8_t>(chip.status(0) | GetParam().part().protection.mask));
  nor->program(0, std::vector<uint8_t>(16, 0)).ignore();
  EXPECT_EQ(read(0, 16), std::vector<uint8_t>(16, 0xFF));
  violations.clear();
}

TEST_P(SerialStack, ZeroLengthTouchesNothing) {
  ASSERT_TRUE(nor->init().ok());
  const sim::Stats before = cells.stats();
  EXPECT_TRUE(nor->read(0, {}).ok());
  EXPECT_TRUE(nor->program(5, {}).ok());
  EXPECT_TRUE(nor->erase(4096, 0).ok());
  EXPECT_EQ(cells.stats(), before);
}

}  // namespace
}  // namespace drivers
