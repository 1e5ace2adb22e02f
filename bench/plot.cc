#include "bench/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <optional>
#include <sstream>

namespace bench {

namespace {

constexpr const char* kText = "#1d242a";
constexpr const char* kQuiet = "#5b6670";
constexpr const char* kFirmware = "#d3d9de";
constexpr const char* kOurs = "#2f6fb0";
constexpr const char* kIdeal = "#d1495b";

constexpr double kWidth = 1000;
constexpr double kMargin = 24;
constexpr double kNameWidth = 236;
constexpr double kBarWidth = 220;
constexpr double kPanelWidth = 364;
constexpr double kLineHeight = 24;
constexpr double kBarHeight = 15;
constexpr std::array kMedia = {true, false};  // used, blank

std::string number(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string as_time(uint64_t ns) {
  const double ms = static_cast<double>(ns) / 1e6;
  if (ms >= 1e4) return number(ms / 1e3, 0) + " s";
  if (ms >= 1e3) return number(ms / 1e3, 1) + " s";
  return number(ms, ms < 10 ? 1 : 0) + " ms";
}

class Canvas {
 public:
  void rectangle(double x, double y, double width, double height, const std::string& colour) {
    body_ << "<rect x='" << number(x, 1) << "' y='" << number(y, 1) << "' width='" << number(width, 1)
          << "' height='" << number(height, 1) << "' fill='" << colour << "'/>\n";
  }
  void text(double x, double y, const std::string& text, double size = 12, const char* colour = kText,
            const char* more = "") {
    body_ << "<text x='" << number(x, 1) << "' y='" << number(y, 1) << "' font-size='" << number(size, 0)
          << "' fill='" << colour << "' " << more << ">" << text << "</text>\n";
  }
  std::string finish(double height) const {
    std::ostringstream svg;
    svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " << number(kWidth, 0) << ' '
        << number(height, 0) << "' width='" << number(kWidth, 0) << "' height='" << number(height, 0)
        << "' font-family='DejaVu Sans, Verdana, sans-serif'>\n<rect width='100%' height='100%' "
        << "fill='#ffffff'/>\n"
        << body_.str() << "</svg>\n";
    return svg.str();
  }

 private:
  std::ostringstream body_;
};

double panel_left(size_t medium) {
  return kMargin + kNameWidth + static_cast<double>(medium) * kPanelWidth;
}

void draw_legend(Canvas& canvas, double y) {
  const std::array entries = {std::pair(kFirmware, "MicroPython's own driver"), std::pair(kOurs, "pybflash"),
                              std::pair(kIdeal, "ideal, without a cache for reads")};
  double x = panel_left(0);
  for (const auto& [colour, name] : entries) {
    canvas.rectangle(x, y - 11, colour == kIdeal ? 3 : 14, 14, colour);
    canvas.text(x + 20, y, name);
    x += 216;
  }
}

void draw_bar(Canvas& canvas, double x, double y, const Row& ours, const Row& firmware) {
  const auto part = [&](uint64_t ns) {
    return kBarWidth * std::min(1.0, static_cast<double>(ns) / static_cast<double>(firmware.cost.device_ns));
  };
  canvas.rectangle(x, y, kBarWidth, kBarHeight, kFirmware);
  canvas.rectangle(x, y, part(ours.cost.device_ns), kBarHeight, kOurs);
  canvas.rectangle(x + part(ours.ideal_ns) - 1.5, y - 2, 3, kBarHeight + 4, kIdeal);
  canvas.text(x + kBarWidth + 8, y + 12,
              as_time(firmware.cost.device_ns) + " → " + as_time(ours.cost.device_ns), 11);
}

const Row* find(const std::vector<Row>& rows, const boards::Board& board, const Row& like, bool used) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.run.contender == Contender::kPybflash && row.run.board == &board && row.run.used == used &&
           row.run.filesystem == like.run.filesystem && row.run.workload == like.run.workload;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::string title_of(const Run& run) {
  const auto& list = workloads();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Workload& w) { return w.name == run.workload; });
  return std::string(found->title) + ", " + std::string(name_of(run.filesystem));
}

// Each workload once, with a bar for each medium. Returns where it ends.
double draw_workloads(Canvas& canvas, const std::vector<Row>& rows, const boards::Board& board, double y) {
  for (size_t medium = 0; medium < kMedia.size(); ++medium) {
    canvas.text(panel_left(medium), y, kMedia[medium] ? "flash full of old data" : "blank flash", 13, kText,
                "font-weight='600'");
  }
  y += 12;
  for (const Row& row : rows) {
    if (row.run.contender != Contender::kPybflash || row.run.board != &board || row.run.used) continue;
    canvas.text(kMargin + kNameWidth - 12, y + 12, title_of(row.run), 12, kText, "text-anchor='end'");
    for (size_t medium = 0; medium < kMedia.size(); ++medium) {
      const Row* ours = find(rows, board, row, kMedia[medium]);
      const Row* firmware = ours == nullptr ? nullptr : firmware_for(rows, *ours);
      if (firmware != nullptr) draw_bar(canvas, panel_left(medium), y, *ours, *firmware);
    }
    y += kLineHeight;
  }
  return y;
}

// How many times less, over the workloads that write on a filesystem.
std::optional<double> geometric_mean(const std::vector<Row>& rows, const boards::Board& board,
                                     Filesystem filesystem, bool used) {
  double sum = 0, count = 0;
  for (const Row& row : rows) {
    const bool counts = row.run.contender == Contender::kPybflash && row.run.board == &board &&
                        row.run.filesystem == filesystem && row.run.used == used &&
                        row.cost.bytes_programmed > 0;
    const Row* firmware = counts ? firmware_for(rows, row) : nullptr;
    if (firmware == nullptr) continue;
    sum += std::log(static_cast<double>(firmware->cost.device_ns) / static_cast<double>(row.cost.device_ns));
    count += 1;
  }
  if (count == 0) return std::nullopt;
  return std::exp(sum / count);
}

std::string shade(double times) {
  const double depth = std::clamp(std::log(times) / std::log(16.0), 0.0, 1.0);
  std::ostringstream colour;
  colour << "#" << std::hex << std::setfill('0');
  for (const int full : {0x8F, 0xB8, 0xDE}) {  // from white to this
    colour << std::setw(2) << static_cast<int>(255 - depth * (255 - full));
  }
  return colour.str();
}

double draw_boards(Canvas& canvas, const std::vector<Row>& rows, double y) {
  constexpr std::array kFilesystems = {Filesystem::kFat, Filesystem::kLittlefs};
  constexpr double kCellWidth = 150;
  canvas.text(kMargin, y, "All cameras: times less device time, geometric mean of the workloads that write",
              13, kText, "font-weight='600'");
  y += 14;
  const boards::Board* last = nullptr;
  for (const Row& row : rows) {
    if (row.run.board == last) continue;
    last = row.run.board;
    canvas.text(kMargin + kNameWidth - 12, y + 16, std::string(last->camera), 12, kText, "text-anchor='end'");
    for (size_t medium = 0; medium < kMedia.size(); ++medium) {
      for (size_t i = 0; i < kFilesystems.size(); ++i) {
        const auto times = geometric_mean(rows, *last, kFilesystems[i], kMedia[medium]);
        if (!times) continue;
        const double x = panel_left(medium) + static_cast<double>(i) * (kCellWidth + 4);
        canvas.rectangle(x, y, kCellWidth, kLineHeight - 2, shade(*times));
        canvas.text(x + 8, y + 16, std::string(name_of(kFilesystems[i])), 11, kQuiet);
        canvas.text(x + kCellWidth - 8, y + 16, number(*times, 1) + " ×", 12, kText, "text-anchor='end'");
      }
    }
    y += kLineHeight;
  }
  return y;
}

}  // namespace

std::string draw_plot(const std::vector<Row>& rows, const boards::Board& board) {
  Canvas canvas;
  canvas.text(kMargin, 34,
              "What the flash is busy with on the " + std::string(board.camera) +
                  ": the whole bar is the firmware's time",
              17, kText, "font-weight='600'");
  draw_legend(canvas, 64);
  double y = draw_workloads(canvas, rows, board, 100);
  y = draw_boards(canvas, rows, y + 34);
  return canvas.finish(y + kMargin);
}

}  // namespace bench
