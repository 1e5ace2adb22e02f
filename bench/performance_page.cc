#include "bench/performance_page.h"

#include <array>
#include <fstream>

#include "bench/limits.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "volumes/volume.h"

namespace bench {

namespace {

constexpr const char* kHead = R"(# What it costs

Device time and erases of MicroPython's own storage driver and of ours, through the real FatFs and littlefs, on the
same models of controllers and chips, with the datasheets' typical times. `pybflash bench` measures it, and
`pybflash bench --write-docs docs` makes this page.

![Device time of both on the H7 Plus, workload by workload, and on all cameras](performance.svg)

- **firmware**: MicroPython's files, unmodified, from the source that the set-up fetches: `storage.c` with
  `flashbdev.c` and `flash.c` for the flash inside an MCU, with `spibdev.c` and `spiflash.c` for a serial chip. Below
  them stands what they call: ST's HAL as register accesses to the controller's model, or the commands of `qspi.c`.
- **firmware on the N6**: MicroPython 1.25 does not know the N6. Its `spibdev.c` and `spiflash.c` stand in,
  as later versions use them there: blocks of 4 KiB, no cache, a write erases its blocks and programs them. The bus has
  eight lines and both edges, as the boot loader leaves it.
- **ideal**: the lower bound for any scheme that keeps data where the filesystem put it, from the run's own trace: at
  each sync, program only what differs, erase only where a 0 must become 1, with the largest command that fits. Every
  read counts once at the speed of the bus, so a cache that answers reads can go below.
- **masked**: the longest stretch with interrupts kept out.
- **blank**: every byte 0xFF before the filesystem was made. **used**: random old data everywhere, which is what a flash
  in service comes near to, for no filesystem here tells the device what is free.

Both contenders find the same filesystem, formatted before they come. A run ends with the power off and a comparison of
every byte.
)";

constexpr const char* kInstructionsHead = R"(
## What the processor has to do

Instructions for 4 KiB, from the block protocol down to the commands of the bus, over a chip in RAM that is never busy
(`bench/instructions`): counted by QEMU on a Cortex-M7 (`-Os`, and the `memcpy` of MicroPython), and by valgrind on the
computer that made this page (`-O3`, and the C library's). `memcpy` of as much takes )";

std::string ratio(uint64_t a, uint64_t b, int digits) {
  return b == 0 ? "–" : fixed(static_cast<double>(a) / static_cast<double>(b), digits);
}

void write_limits(std::ostream& out) {
  out << "\n`pybflash bench --check` exits with 1 if a row of ours, W8 aside, takes more than "
      << fixed(kMostTimeOfIdeal, 2) << " times the ideal's time, " << fixed(kMostErasesOfIdeal, 2)
      << " times\nits erases and " << kSpareErases << ", or " << fixed(kMostTimeOfFirmware, 2)
      << " times the firmware's time; with `--scale` and `--seed` for other sizes and other data.\n";
}

void write_littlefs(std::ostream& out) {
  out << "\nThe littlefs of these numbers is " << volumes::littlefs_version() << ".\n"
      << R"(Its version decides: 2.11, of MicroPython 1.26, syncs once more before it commits a file; the firmware's driver then
erases up to twice as often inside an MCU, ours up to a quarter more. `MICROPYTHON_DIR=folder ./pybflash bench` measures
with the source in that folder.
)";
}

void write_board(std::ostream& out, const boards::Board& board) {
  out << "\n## " << board.camera << " (" << board.name << ")\n\n"
      << "| workload | fs | flash | firmware s | ours s | times less | ours / ideal | firmware erases | ours "
         "| "
         "ideal | firmware masked ms | ours us |\n"
         "| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n";
}

void write_row(std::ostream& out, const Row& ours, const Row& firmware) {
  out << "| " << ours.run.workload << " | " << name_of(ours.run.filesystem) << " | "
      << (ours.run.used ? "used" : "blank") << " | " << seconds(firmware.cost.device_ns) << " | "
      << seconds(ours.cost.device_ns) << " | " << ratio(firmware.cost.device_ns, ours.cost.device_ns, 2)
      << " | " << ratio(ours.cost.device_ns, ours.ideal_ns, 3) << " | " << firmware.cost.erases << " | "
      << ours.cost.erases << " | " << ours.ideal_erases << " | "
      << fixed(static_cast<double>(firmware.cost.masked_us_max) / 1e3, 1) << " | " << ours.cost.masked_us_max
      << " |\n";
}

void write_rows(std::ostream& out, const std::vector<Row>& rows) {
  const boards::Board* board = nullptr;
  for (const Row& row : rows) {
    const Row* firmware = row.run.contender == Contender::kPybflash ? firmware_for(rows, row) : nullptr;
    if (firmware == nullptr) continue;
    if (row.run.board != board) write_board(out, *row.run.board);
    board = row.run.board;
    write_row(out, row, *firmware);
  }
}

void write_workloads(std::ostream& out) {
  out << "\n## The workloads\n\n| | |\n| --- | --- |\n";
  for (const Workload& workload : workloads()) {
    out << "| " << workload.name << " | " << workload.what << " |\n";
  }
}

void write_instructions(std::ostream& out, const InstructionTable& on_m7, const InstructionTable& on_host) {
  struct Line {
    const char* operation;
    const char* what;
  };
  constexpr std::array kLines = {
      Line{"read", "read 4 KiB that no cache holds"},
      Line{"peek", "read the first 128 bytes of a block, as littlefs does, once more"},
      Line{"rewrite", "write 4 KiB that need an erase, and sync"},
      Line{"same", "write the same 4 KiB again, and sync"},
      Line{"append", "littlefs: erase a block, program 4 KiB, sync"},
  };
  out << kInstructionsHead << on_m7.at("memcpy").ours << " and " << on_host.at("memcpy").ours
      << ".\n\n| | M7, firmware | M7, ours | computer, firmware | computer, ours |\n"
         "| --- | --: | --: | --: | --: |\n";
  for (const Line& line : kLines) {
    const InstructionCounts& m7 = on_m7.at(line.operation);
    const InstructionCounts& host = on_host.at(line.operation);
    out << "| " << line.what << " | " << m7.firmware << " | " << m7.ours << " | " << host.firmware << " | "
        << host.ours << " |\n";
  }
  out << R"(
Ours compares with the flash before it erases or programs, and reads back after it. The firmware does neither;
what it does instead, asking the chip whether it is done as fast as it can for 50 ms, is not in its numbers. Where
the cache does not hold a block, it has looked through all its slots, 144 here: the smallest code (`docs/size.md`),
and little beside what the chip takes.
)";
}

}  // namespace

bool write_performance_page(const std::string& folder, const std::vector<Row>& rows,
                            const InstructionTable& on_m7, const InstructionTable& on_host) {
  std::ofstream page(folder + "/performance.md");
  page << kHead;
  write_limits(page);
  write_littlefs(page);
  write_rows(page, rows);
  write_instructions(page, on_m7, on_host);
  write_workloads(page);
  std::ofstream plot(folder + "/performance.svg");
  if (!rows.empty()) plot << draw_plot(rows, *rows.front().run.board);
  return page.flush().good() && plot.flush().good();
}

}  // namespace bench
