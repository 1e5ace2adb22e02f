#include "bench/report.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace bench {

namespace {

double seconds(uint64_t us) {
  return static_cast<double>(us) / 1e6;
}

double ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

const char* medium_of(const Run& run) {
  return run.used ? "used" : "blank";
}

const Row* firmware_for(const std::vector<Row>& rows, const Row& ours) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.run.contender == Contender::kFirmware && row.run.board == ours.run.board &&
           row.run.filesystem == ours.run.filesystem && row.run.workload == ours.run.workload &&
           row.run.used == ours.run.used;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

// Bars of how many times less device time ours takes, on a used medium, for one board.
class Chart {
 public:
  explicit Chart(const std::vector<Row>& rows) : rows_(rows) {}

  std::string draw(const boards::Board& board) {
    std::ostringstream body;
    int y = kTop;
    for (const Row& row : rows_) {
      const Row* firmware = firmware_for(rows_, row);
      const bool shown =
          row.run.board == &board && row.run.contender == Contender::kPybflash && firmware != nullptr;
      if (!shown) continue;
      const double times = ratio(firmware->cost.device_us, row.cost.device_us);
      const double width = std::min(times, kMostTimes) / kMostTimes * kBarPixels;
      body << "<text x='" << kLeft - 10 << "' y='" << y + 14 << "' text-anchor='end' font-size='13'>"
           << row.run.workload << ' ' << name_of(row.run.filesystem) << ", " << medium_of(row.run)
           << "</text>\n"
           << "<rect x='" << kLeft << "' y='" << y << "' width='" << fixed(width, 1) << "' height='18' fill='"
           << (row.run.used ? "#3b6ea5" : "#9dbad7") << "'/>\n"
           << "<text x='" << fixed(kLeft + width + 6, 1) << "' y='" << y + 14 << "' font-size='12'>"
           << fixed(times, 2) << " x</text>\n";
      y += 24;
    }
    const int height = y + 20;
    std::ostringstream svg;
    svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 820 " << height << "' width='820' height='"
        << height << "' font-family='DejaVu Sans, Verdana, sans-serif' fill='#1d242a'>\n"
        << "<rect width='820' height='" << height << "' fill='#ffffff'/>\n"
        << "<text x='20' y='30' font-size='16' font-weight='600'>" << board.camera
        << ": device time of the firmware's driver / ours</text>\n"
        << "<line x1='" << kLeft + kBarPixels / kMostTimes << "' y1='44' x2='"
        << kLeft + kBarPixels / kMostTimes << "' y2='" << y << "' stroke='#b04a3a'/>\n"
        << body.str() << "</svg>\n";
    return svg.str();
  }

 private:
  static constexpr int kLeft = 190;
  static constexpr int kTop = 50;
  static constexpr double kBarPixels = 540;
  static constexpr double kMostTimes = 18;

  const std::vector<Row>& rows_;
};

void write_markdown(std::ostream& out, const std::vector<Row>& rows) {
  out << "# What it costs\n\n"
         "Device time and erases of MicroPython's own driver (unmodified, from the source that the set-up "
         "fetches) and of\n"
         "ours, through the real FatFs and littlefs, on the same models of controllers and chips, with the "
         "datasheets'\n"
         "typical times. `ideal` is the lower bound for any scheme that keeps data in place, from the run's "
         "own trace. `masked`\n"
         "is the longest stretch with interrupts kept out. Each run ends with the power off and a comparison "
         "of every byte.\n"
         "`pybflash bench --write-docs docs` makes this page.\n\n"
         "![Device time of the firmware's driver / ours on the H7 Plus](performance.svg)\n";
  const boards::Board* board = nullptr;
  for (const Row& row : rows) {
    if (row.run.contender != Contender::kPybflash) continue;
    if (row.run.board != board) {
      board = row.run.board;
      out << "\n## " << board->camera << " (" << board->name << ")\n\n"
          << "| workload | fs | medium | firmware s | ours s | times less | / ideal | firmware erases | ours "
             "| ideal | "
             "firmware masked ms | ours us |\n"
             "| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n";
    }
    const Row* firmware = firmware_for(rows, row);
    out << "| " << row.run.workload << " | " << name_of(row.run.filesystem) << " | " << medium_of(row.run)
        << " | " << (firmware ? fixed(seconds(firmware->cost.device_us), 2) : "–") << " | "
        << fixed(seconds(row.cost.device_us), 2) << " | "
        << (firmware ? fixed(ratio(firmware->cost.device_us, row.cost.device_us), 2) : "–") << " | "
        << fixed(ratio(row.cost.device_us, row.ideal_us), 3) << " | "
        << (firmware ? std::to_string(firmware->cost.erases) : "–") << " | " << row.cost.erases << " | "
        << row.ideal_erases << " | "
        << (firmware ? fixed(static_cast<double>(firmware->cost.masked_us_max) / 1e3, 1) : "–") << " | "
        << row.cost.masked_us_max << " |\n";
  }
  out << "\n## The workloads\n\n| | |\n| --- | --- |\n";
  for (const Workload& workload : workloads())
    out << "| " << workload.name << " | " << workload.what << " |\n";
  out << "\nBlank: every byte 0xFF before the filesystem was made. Used: random old data everywhere, which "
         "is what a medium in\n"
         "service comes near to, for no filesystem here tells the device what is free.\n";
}

}  // namespace

void print_table_head(std::ostream& out) {
  out << "BOARD     WORKLOAD FS        MEDIUM CONTENDER  DEVICE s   / IDEAL  ERASES   IDEAL  WORST  "
         "PROGRAMMED KiB  MASKED us\n";
}

void print_row(std::ostream& out, const Row& row) {
  out << std::left << std::setw(10) << row.run.board->name << std::setw(9) << row.run.workload
      << std::setw(10) << name_of(row.run.filesystem) << std::setw(7) << medium_of(row.run) << std::setw(10)
      << name_of(row.run.contender) << std::right << std::setw(9) << fixed(seconds(row.cost.device_us), 3)
      << std::setw(10) << fixed(ratio(row.cost.device_us, row.ideal_us), 3) << std::setw(8) << row.cost.erases
      << std::setw(8) << row.ideal_erases << std::setw(7) << row.cost.worst_sector_erases << std::setw(16)
      << row.cost.bytes_programmed / 1024 << std::setw(11) << row.cost.masked_us_max << std::endl;
}

void write_json(std::ostream& out, const std::vector<Row>& rows) {
  out << "[";
  const char* separator = "\n";
  for (const Row& row : rows) {
    out << separator << "  {\"board\": \"" << row.run.board->name << "\", \"fs\": \""
        << name_of(row.run.filesystem) << "\", \"workload\": \"" << row.run.workload << "\", \"medium\": \""
        << medium_of(row.run) << "\", \"contender\": \"" << name_of(row.run.contender)
        << "\", \"device_us\": " << row.cost.device_us << ", \"erases\": " << row.cost.erases
        << ", \"worst_sector_erases\": " << row.cost.worst_sector_erases
        << ", \"bytes_programmed\": " << row.cost.bytes_programmed
        << ", \"masked_us_max\": " << row.cost.masked_us_max << ", \"ideal_us\": " << row.ideal_us
        << ", \"ideal_erases\": " << row.ideal_erases << "}";
    separator = ",\n";
  }
  out << "\n]\n";
}

bool write_documents(const std::string& folder, const std::vector<Row>& rows) {
  std::ofstream page(folder + "/performance.md");
  write_markdown(page, rows);
  std::ofstream plot(folder + "/performance.svg");
  for (const Row& row : rows) {
    if (row.run.board->name != "OPENMV4P") continue;
    plot << Chart(rows).draw(*row.run.board);
    break;
  }
  page.flush();
  plot.flush();
  return page.good() && plot.good();
}

}  // namespace bench
