// How fast the code runs on this computer: the layers of the stack over a flash in RAM, and whole cameras,
// whose counters say what a call costs on the device. Ask for some with --benchmark_filter=REGEX.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "arm/ram_nor.h"
#include "boards/board_table.h"
#include "boards/camera.h"
#include "flash/block_device.h"
#include "flash/storage.h"

namespace {

constexpr uint32_t kBytes = 4096;

void check(benchmark::State& state, flash::Status status) {
  if (!status.ok()) state.SkipWithError(("error " + std::to_string(-status.value())).c_str());
}

// Two buffers of which each needs an erase to become the other.
std::vector<uint8_t> content(uint64_t turn) {
  return std::vector<uint8_t>(kBytes, turn % 2 == 0 ? 0x5A : 0xA5);
}

// ---- Over a flash in RAM -----------------------------------------------------------------------------

constexpr uint32_t kRamFlashBytes = 1 << 20;
constexpr flash::Region kSectors = {4096, kRamFlashBytes / 4096};

struct RamStack {
  std::vector<uint8_t> cells = std::vector<uint8_t>(kRamFlashBytes);
  arm::RamNor nor{{.regions = {&kSectors, 1}}, cells};
  std::vector<flash::CacheSlot> slots = std::vector<flash::CacheSlot>(144);
  std::vector<uint8_t> blocks = std::vector<uint8_t>(144 * flash::kCacheBlockBytes);
  flash::Storage storage{nor,
                         {.offset = 0,
                          .size_bytes = kRamFlashBytes,
                          .simple_block_bytes = 512,
                          .native_block_bytes = 4096,
                          .idle_flush_us = 1'000'000},
                         {slots, blocks},
                         [](void*) { return uint64_t{0}; },
                         nullptr};
  flash::Partition partition{storage, 0, kRamFlashBytes};
  flash::Drive drive{storage};
};

void ram_read_not_cached(benchmark::State& state) {
  RamStack stack;
  std::vector<uint8_t> out(kBytes);
  uint32_t block = 0;
  for (auto _ : state) check(state, stack.partition.read_bytes(block++ % kSectors.sector_count, 0, out));
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK(ram_read_not_cached);

void ram_read_cached(benchmark::State& state) {
  RamStack stack;
  std::vector<uint8_t> out(kBytes);
  check(state, stack.partition.write_blocks(0, content(0)));
  for (auto _ : state) check(state, stack.partition.read_bytes(0, 0, out));
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK(ram_read_cached);

void ram_write(benchmark::State& state) {
  RamStack stack;
  const std::array data = {content(0), content(1)};
  uint64_t turn = 0;
  for (auto _ : state) check(state, stack.partition.write_blocks(0, data[turn++ % 2]));
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK(ram_write);

void ram_write_and_sync(benchmark::State& state) {
  RamStack stack;
  const std::array data = {content(0), content(1)};
  uint64_t turn = 0;
  for (auto _ : state) {
    check(state, stack.partition.write_blocks(0, data[turn++ % 2]));
    check(state, stack.storage.sync());
  }
  state.SetBytesProcessed(state.iterations() * kBytes);
  state.counters["erases"] = benchmark::Counter(stack.nor.erases(), benchmark::Counter::kAvgIterations);
}
BENCHMARK(ram_write_and_sync);

void ram_sync_of_nothing(benchmark::State& state) {
  RamStack stack;
  for (auto _ : state) check(state, stack.storage.sync());
}
BENCHMARK(ram_sync_of_nothing);

void ram_partition_table(benchmark::State& state) {
  RamStack stack;
  std::vector<uint8_t> out(512);
  for (auto _ : state) check(state, stack.drive.read_blocks(0, out));
}
BENCHMARK(ram_partition_table);

// ---- Whole cameras: drivers, controllers and chips -----------------------------------------------------

std::unique_ptr<boards::Camera> open_camera(const boards::Board& board) {
  auto camera = boards::Camera::open(board, "");
  if (std::holds_alternative<std::string>(camera)) std::abort();
  return std::get<std::unique_ptr<boards::Camera>>(std::move(camera));
}

// What an iteration costs on the device.
class Meter {
 public:
  explicit Meter(boards::Camera& camera) : camera_(camera), before_(camera.totals()) {}
  void report(benchmark::State& state) const {
    const auto after = camera_.totals();
    const auto add = [&](const char* name, uint64_t sum) {
      state.counters[name] = benchmark::Counter(static_cast<double>(sum), benchmark::Counter::kAvgIterations);
    };
    add("device_us", after.device_us - before_.device_us);
    add("erases", after.erases - before_.erases);
  }

 private:
  boards::Camera& camera_;
  boards::Camera::Totals before_;
};

void camera_read(benchmark::State& state, const boards::Board& board) {
  const auto camera = open_camera(board);
  std::vector<uint8_t> out(kBytes);
  const uint32_t places = camera->storage().size_bytes() / kBytes;
  uint32_t place = 0;
  const Meter meter(*camera);
  for (auto _ : state) check(state, camera->storage().read(uint64_t{place++ % places} * kBytes, out));
  meter.report(state);
  state.SetBytesProcessed(state.iterations() * kBytes);
}

void camera_rewrite(benchmark::State& state, const boards::Board& board) {
  const auto camera = open_camera(board);
  const std::array data = {content(0), content(1)};
  uint64_t turn = 0;
  check(state, camera->storage().write(0, data[turn++]));
  check(state, camera->storage().sync());
  const Meter meter(*camera);
  for (auto _ : state) {
    check(state, camera->storage().write(0, data[turn++ % 2]));
    check(state, camera->storage().sync());
  }
  meter.report(state);
  state.SetBytesProcessed(state.iterations() * kBytes);
}

// The whole flash through the driver, in pieces of 64 KiB: what the models can carry.
void camera_read_chip(benchmark::State& state, const boards::Board& board) {
  const auto camera = open_camera(board);
  const uint32_t size = camera->nor().size_bytes();
  constexpr uint32_t kPieceBytes = 64 << 10;
  std::vector<uint8_t> out(kPieceBytes);
  const Meter meter(*camera);
  for (auto _ : state) {
    for (uint32_t at = 0; at < size; at += kPieceBytes) check(state, camera->nor().read(at, out));
  }
  meter.report(state);
  state.SetBytesProcessed(state.iterations() * size);
}

void register_cameras() {
  for (const boards::Board& board : boards::all_boards()) {
    const std::string name(board.name);
    const auto add = [&](const char* what, void (*run)(benchmark::State&, const boards::Board&)) {
      benchmark::RegisterBenchmark((std::string(what) + "/" + name).c_str(), run, board)
          ->Unit(benchmark::kMicrosecond);
    };
    add("camera_read", camera_read);
    add("camera_rewrite", camera_rewrite);
    add("camera_read_chip", camera_read_chip);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  register_cameras();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
