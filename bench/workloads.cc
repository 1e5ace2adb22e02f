#include "bench/workloads.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "bench/check.h"
#include "bench/medium.h"
#include "bench/traced_device.h"
#include "volumes/volume.h"

namespace bench {

namespace {

// How much of each fits a storage.
struct Sizes {
  uint32_t appends;
  uint32_t files;
  uint32_t stream_bytes;
};

Sizes sizes_for(const boards::Board& board) {
  const uint32_t storage = board.storage().size_bytes;
  if (storage <= 32 * 1024) return {100, 8, 8 * 1024};
  if (storage <= 96 * 1024) return {500, 30, 48 * 1024};
  if (storage <= 128 * 1024) return {500, 50, 64 * 1024};
  return {500, 100, 1024 * 1024};
}

// Of the camera's clock when it is switched on: 1 January 2026.
constexpr uint64_t kStartTime = 1'767'225'600;

class Runner {
 public:
  Runner(const Run& run, TracedDevice& device)
      : run_(run),
        device_(device),
        random_(run.seed),
        sizes_(sizes_for(*run.board)),
        volume_(make_volume(run.filesystem, device)) {}

  // What must be there before the workload begins, and is not part of it.
  void prepare() {
    if (!volume_) return;
    if (run_.contender == Contender::kFtl) check(volume_->format());
    check(volume_->mount());
    const std::string& name = run_.workload;
    if (name == "W6" || name == "W6b" || name == "W7") write_small_files(false);
    check(device_.sync());
    // FAT's clock ticks every two seconds: what is rewritten is older than that, however few files there are.
    if (name == "W6" || name == "W6b") device_.device().pass_ms(10'000);
    if (name == "W7") {
      device_.device().power_cycle();  // nothing is in any cache
      check(volume_->mount());
    }
  }

  void work() {
    const std::string& name = run_.workload;
    if (name == "W1") return append_to_log();
    if (name == "W2") return write_small_files(false);
    if (name == "W3") return rewrite_config();
    if (name == "W4") return write_stream();
    if (name == "W5") return write_random_blocks();
    if (name == "W6") return write_small_files(false);
    if (name == "W6b") return write_small_files(true);
    if (name == "W7") return read_small_files();
    if (name == "W8") return write_without_sync();
    std::abort();
  }

 private:
  uint32_t scaled(uint32_t count) const {
    return std::max<uint32_t>(1, static_cast<uint32_t>(static_cast<double>(count) * run_.scale));
  }

  std::vector<uint8_t> bytes(size_t length, uint32_t seed) const {
    std::mt19937 random(seed * 7919 + run_.seed);
    std::vector<uint8_t> data(length);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    return data;
  }

  static void check(flash::Status status) {
    if (!status.ok()) fail("a filesystem reports error " + std::to_string(-status.value()));
  }

  std::unique_ptr<volumes::File> open(const std::string& name, volumes::OpenMode mode) {
    volume_->set_time(kStartTime + device_.device().now_ms() / 1000);
    std::unique_ptr<volumes::File> file;
    check(volume_->open(name, mode, file));
    return file;
  }

  // Opens, writes and closes.
  void write_file(const std::string& name, volumes::OpenMode mode, std::span<const uint8_t> data) {
    constexpr size_t kPieceBytes = 4096;
    const auto file = open(name, mode);
    while (!data.empty()) {
      const auto piece = data.first(std::min(kPieceBytes, data.size()));
      check(file->write(piece));
      data = data.subspan(piece.size());
    }
    check(file->close());
  }

  // A log that is as long as the storage has room for begins anew.
  void append_to_log() {
    const uint32_t records = sizes_.stream_bytes / kRecordBytes;
    for (uint32_t i = 0; i < scaled(sizes_.appends); ++i) {
      const bool begins = i % records == 0;
      write_file("log.txt", begins ? volumes::OpenMode::kCreate : volumes::OpenMode::kAppend,
                 bytes(kRecordBytes, i));
      device_.device().pass_ms(100);
    }
  }

  static constexpr uint32_t kRecordBytes = 64;
  static constexpr uint32_t kSmallFileBytes = 1024;
  static std::string small_file(uint32_t i) { return "file" + std::to_string(i) + ".bin"; }

  void write_small_files(bool in_place) {
    for (uint32_t i = 0; i < std::min(scaled(sizes_.files), sizes_.files); ++i) {
      write_file(small_file(i), in_place ? volumes::OpenMode::kUpdate : volumes::OpenMode::kCreate,
                 bytes(kSmallFileBytes, i));
    }
  }

  void read_small_files() {
    for (uint32_t i = 0; i < std::min(scaled(sizes_.files), sizes_.files); ++i) {
      std::vector<uint8_t> data(kSmallFileBytes);
      size_t done = 0;
      const auto file = open(small_file(i), volumes::OpenMode::kRead);
      check(file->read(data, done));
      check(file->close());
      demand(done == data.size() && data == bytes(kSmallFileBytes, i), "a file was lost");
    }
  }

  void rewrite_config() {
    std::vector<uint8_t> config = bytes(4096, 1);
    for (uint32_t i = 0; i < scaled(100); ++i) {
      for (int value = 0; value < 4; ++value)
        config[random_() % config.size()] = static_cast<uint8_t>(random_());
      write_file("config.txt", volumes::OpenMode::kCreate, config);
      device_.device().pass_ms(100);
    }
  }

  void write_stream() {
    const uint32_t length = std::min(scaled(sizes_.stream_bytes), sizes_.stream_bytes);
    write_file("stream.bin", volumes::OpenMode::kCreate, bytes(length, 1));
  }

  void write_random_blocks() {
    const uint32_t unit = run_.board->simple_block_bytes;
    const uint32_t blocks = std::min<uint32_t>(device_.size_bytes(), 1024 * 1024) / unit;
    for (uint32_t i = 0; i < scaled(2000); ++i) {
      check(device_.write(static_cast<uint32_t>(random_() % blocks) * unit, bytes(unit, i)));
      if (i % 20 == 19) check(device_.sync());
    }
  }

  void write_without_sync() {
    const uint32_t unit = run_.board->simple_block_bytes;
    for (uint32_t i = 0; i < scaled(30); ++i) {
      check(device_.write(i * unit % device_.size_bytes(), bytes(unit, i)));
      device_.background_flush();
      device_.device().pass_ms(7000);
    }
  }

  const Run& run_;
  TracedDevice& device_;
  std::mt19937 random_;
  Sizes sizes_;
  std::unique_ptr<volumes::Volume> volume_;
};

// The storage must hold what was written, to the byte, when the power comes back; and nobody may have misused
// the hardware on the way.
void demand_nothing_lost(const Run& run, TracedDevice& traced) {
  traced.device().power_cycle();
  const std::string who = std::string(run.board->name) + " " + run.workload + " " +
                          std::string(name_of(run.filesystem)) + ", " + std::string(name_of(run.contender)) +
                          ": ";
  demand(std::ranges::equal(traced.ideal().wanted(), traced.device().cells()), who + "bytes were lost");
  const auto& violations = traced.device().violations().list();
  if (!violations.empty()) fail(who + violations[0].where + ": " + violations[0].what);
}

uint32_t worst_sector(std::span<const uint32_t> before, std::span<const uint32_t> after) {
  uint32_t worst = 0;
  for (size_t i = 0; i < before.size(); ++i) worst = std::max(worst, after[i] - before[i]);
  return worst;
}

std::unique_ptr<Device> make_device(const Run& run, std::span<const uint8_t> content) {
  switch (run.contender) {
    case Contender::kPybflash:
      return make_our_device(*run.board, content);
    case Contender::kFirmware:
      return make_firmware_device(*run.board, content);
    case Contender::kFtl:
      return make_ftl_device(*run.board, content);
  }
  return nullptr;
}

Row measure_here(const Run& run) {
  std::vector<uint8_t> content = make_medium(run);
  const auto device = make_device(run, content);
  if (run.contender == Contender::kFtl)
    std::fill(content.begin(), content.end(), uint8_t{0});  // what its blocks hold
  TracedDevice traced(*device, content, run.filesystem == Filesystem::kLittlefs);
  Runner runner(run, traced);
  runner.prepare();
  const Cost before = device->cost();
  const std::vector<uint32_t> wear(device->wear().begin(), device->wear().end());
  const uint64_t ideal_ns = traced.ideal().device_ns();
  const uint64_t ideal_erases = traced.ideal().erases();
  runner.work();
  traced.sync().ignore();
  Row row{run, device->cost(), traced.ideal().device_ns() - ideal_ns, traced.ideal().erases() - ideal_erases};
  row.cost.device_ns -= before.device_ns;
  row.cost.erases -= before.erases;
  row.cost.bytes_programmed -= before.bytes_programmed;
  row.cost.worst_sector_erases = worst_sector(wear, device->wear());
  demand_nothing_lost(run, traced);
  return row;
}

}  // namespace

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> list = {
      {"W1", "append to a log", "append 64 bytes to a log and close it, every 100 ms", true},
      {"W2", "create small files", "create files of 1 KiB", true},
      {"W3", "rewrite a config file", "rewrite a file of 4 KiB in which a few values change, every 100 ms",
       true},
      {"W4", "write a large file", "write one file in pieces of 4 KiB", true},
      {"W5", "random blocks", "write random simple blocks, sync every 20", false},
      {"W6", "same bytes again", "ten seconds after W2, write its files once more, with the same bytes",
       true},
      {"W6b", "same bytes in place", "the same without emptying them first", true},
      {"W7", "read back", "read the files of W2 after a restart", true},
      {"W8", "no sync", "write a simple block every 7 s and never sync: the background flush does it", false},
  };
  return list;
}

std::string_view name_of(Filesystem filesystem) {
  switch (filesystem) {
    case Filesystem::kFat:
      return "FAT";
    case Filesystem::kLittlefs:
      return "littlefs";
    case Filesystem::kRaw:
      return "raw";
  }
  return {};
}

std::string_view name_of(Contender contender) {
  switch (contender) {
    case Contender::kPybflash:
      return "pybflash";
    case Contender::kFirmware:
      return "firmware";
    case Contender::kFtl:
      return "flash.Ftl";
  }
  return {};
}

const Row* firmware_for(const std::vector<Row>& rows, const Row& ours) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.run.contender == Contender::kFirmware && row.run.board == ours.run.board &&
           row.run.filesystem == ours.run.filesystem && row.run.workload == ours.run.workload &&
           row.run.used == ours.run.used;
  });
  return found == rows.end() ? nullptr : &*found;
}

Row measure(const Run& run) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    const Row row = measure_here(run);
    const uint64_t numbers[] = {
        row.cost.device_ns,        row.cost.erases,          row.cost.worst_sector_erases,
        row.cost.bytes_programmed, row.cost.masked_us_max,   row.ideal_ns,
        row.ideal_erases,          row.cost.longest_write_us};
    const bool written = ::write(ends[1], numbers, sizeof numbers) == sizeof numbers;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  uint64_t numbers[8] = {};
  const bool complete = ::read(ends[0], numbers, sizeof numbers) == sizeof numbers;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!complete || status != 0) std::exit(1);  // the child said why
  return {
      run, {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[7]}, numbers[5], numbers[6]};
}

}  // namespace bench
