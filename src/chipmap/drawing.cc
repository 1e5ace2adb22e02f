#include "chipmap/drawing.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "chipmap/palette.h"
#include "chipmap/unicode.h"
#include "chipmap/words.h"

namespace chipmap {

namespace {

constexpr double kLeft = 96, kGridWidth = 1024, kRight = 32;
constexpr double kWidth = kLeft + kGridWidth + kRight;
constexpr double kSmall = 12, kNormal = 14, kHeading = 16, kTitle = 22;

// As many letters of the PNG's font, which is the wider one, fit beside each other.
constexpr size_t kMostLettersNormal = 85, kMostLettersSmall = 130, kMostLettersOfContent = 40;

struct LegendEntry {
  Colour colour;
  std::string name;
  std::string value;
};

// Draws from top to bottom.
class Sheet {
 public:
  explicit Sheet(const View& view) : map_(view.map) {
    picture_.grid = grid_of(map_.board(), view.whole_chip, kGridWidth);
    picture_.scene.width = kWidth;
  }

  const Grid& grid() const { return picture_.grid; }

  Picture finish() {
    picture_.scene.height = y_ + 16;
    return std::move(picture_);
  }

  void title(const std::string& subject) {
    const boards::Board& board = map_.board();
    text(kLeft, 40, kTitle, std::string(board.camera) + " (" + std::string(board.name) + ")", kInk, true);
    y_ = 64;
    const std::string line = subject + ", " + std::string(board.part->name) + ", " + volumes_line();
    for (const std::string& part : wrapped(line, kMostLettersNormal)) {
      text(kLeft, y_, kNormal, part, kFaintInk);
      y_ += 20;
    }
  }

  // The whole chip as a strip of its areas, and where on it the grid looks.
  void strip() {
    constexpr double kHeight = 20;
    const boards::Board& board = map_.board();
    const double scale = kGridWidth / board.part->geometry.size_bytes();
    const auto x_of = [scale](uint64_t at) { return kLeft + static_cast<double>(at) * scale; };
    rectangle(kLeft, y_, kGridWidth, kHeight, colour_of(Content::kOutside));
    for (size_t i = 0; i < board.areas.size(); ++i) {
      const boards::Area& area = board.areas[i];
      const double x = x_of(area.offset), width = area.size_bytes * scale;
      const bool is_storage = i == board.storage_area;
      if (is_storage) rectangle(x, y_, width, kHeight, Colour::of(0xA9D0E8));
      picture_.scene.add(Frame{x, y_, width, kHeight, 1, kLine});
      const std::string name = std::string(area.name) + ", " + in_bytes(area.size_bytes);
      const bool has_room = width > 8.0 * static_cast<double>(name.size());
      if (has_room) text(x + 6, y_ + 14.5, kSmall, name, is_storage ? kInk : kFaintInk);
      if (!has_room && is_storage) text(x, y_ + kHeight + 14, kSmall, name, kInk);
    }
    text(kLeft - 8, y_ + 14.5, kSmall, "chip", kFaintInk, false, Anchor::kEnd);
    y_ += kHeight + 20;
  }

  void heading(const std::string& name, const std::string& explanation) {
    y_ += 14;
    text(kLeft, y_, kHeading, name, kInk, true);
    text(kLeft + kGridWidth, y_, kSmall, explanation, kFaintInk, false, Anchor::kEnd);
    y_ += 10;
  }

  // A grid in which every unit of 512 bytes has its colour.
  void cells(const std::function<Colour(uint32_t unit)>& colour_of_unit) {
    const Grid& grid = picture_.grid;
    picture_.panels.push_back({kLeft, y_});
    for (uint32_t at = 0; at < grid.size_bytes; at += grid.row_bytes()) {
      draw_row(grid.offset + at, std::min(grid.row_bytes(), grid.size_bytes - at), colour_of_unit);
    }
    draw_gaps();
    draw_borders();
    draw_row_labels();
    y_ += grid.height() + 10;
  }

  void legend(const std::vector<LegendEntry>& entries) {
    constexpr size_t kColumns = 4;
    constexpr double kRowHeight = 20;
    for (size_t i = 0; i < entries.size(); ++i) {
      const double x = kLeft + static_cast<double>(i % kColumns) * kGridWidth / kColumns;
      const double y = y_ + static_cast<double>(i / kColumns) * kRowHeight;
      rectangle(x, y, 12, 12, entries[i].colour);
      picture_.scene.add(Frame{x, y, 12, 12, 1, kLine});
      text(x + 20, y + 10.5, kSmall,
           entries[i].name + (entries[i].value.empty() ? "" : ": ") + entries[i].value, kInk);
    }
    y_ += static_cast<double>((entries.size() + kColumns - 1) / kColumns) * kRowHeight + 14;
  }

  void wear(std::span<const uint32_t> wear_of_sectors, const std::string& name) {
    const WearScale scale(max_in_grid(wear_of_sectors));
    heading(name, "erases of each sector, logarithmic");
    std::vector<Colour> colours(map_.units().size());
    for (size_t i = 0; i < map_.sectors().size(); ++i) {
      const Sector& sector = map_.sectors()[i];
      std::fill_n(colours.begin() + sector.offset / kUnitBytes, sector.size_bytes / kUnitBytes,
                  scale.colour(wear_of_sectors[i]));
    }
    cells([&colours](uint32_t unit) { return colours[unit]; });
    const std::vector<size_t> hottest = hottest_of(wear_of_sectors);
    mark(hottest);
    const double top = y_;
    wear_legend(scale);
    const double below_legend = y_;
    y_ = top;
    list(hottest, wear_of_sectors);
    y_ = std::max(y_, below_legend);
  }

  void note(const std::string& line) {
    for (const std::string& part : wrapped(line, kMostLettersSmall)) {
      text(kLeft, y_ + 4, kSmall, part, kFaintInk);
      y_ += 18;
    }
    y_ += 4;
  }

 private:
  void rectangle(double x, double y, double width, double height, Colour colour) {
    picture_.scene.add(Rectangle{x, y, width, height, colour});
  }
  void text(double x, double y, double size, std::string what, Colour colour, bool bold = false,
            Anchor anchor = Anchor::kStart) {
    picture_.scene.add(Text{x, y, size, std::move(what), colour, anchor, bold});
  }

  std::string volumes_line() const {
    if (map_.volumes().empty()) return "no known filesystem";
    std::string line;
    for (const Volume& volume : map_.volumes()) {
      if (!line.empty()) line += " + ";
      line += volume.kind + " of " + in_bytes(volume.size_bytes);
    }
    return line;
  }

  bool is_in_grid(const Sector& sector) const {
    const Grid& grid = picture_.grid;
    return sector.offset >= grid.offset && sector.offset - grid.offset < grid.size_bytes;
  }

  // Neighbours of one colour are one rectangle.
  void draw_row(uint32_t offset, uint32_t length, const std::function<Colour(uint32_t)>& colour_of_unit) {
    const Grid& grid = picture_.grid;
    const double unit_width = grid.pitch * kUnitBytes / grid.cell_bytes;
    const uint32_t first = offset / kUnitBytes, count = length / kUnitBytes;
    for (uint32_t begin = 0; begin < count;) {
      const Colour colour = colour_of_unit(first + begin);
      uint32_t end = begin + 1;
      while (end < count && colour_of_unit(first + end) == colour) ++end;
      rectangle(kLeft + begin * unit_width, panel().y + grid.y_of(offset), (end - begin) * unit_width,
                grid.pitch, colour);
      begin = end;
    }
  }

  const Panel& panel() const { return picture_.panels.back(); }

  // Lines of paper between the cells.
  void draw_gaps() {
    const Grid& grid = picture_.grid;
    for (uint32_t column = 0; column <= grid.columns; ++column) {
      rectangle(kLeft + column * grid.pitch - 0.5, panel().y, 1, grid.height(), kPaper);
    }
    for (uint32_t row = 0; row <= grid.rows(); ++row) {
      rectangle(kLeft, panel().y + row * grid.pitch - 0.5, grid.width(), 1, kPaper);
    }
  }

  // Where what is erased together is more than one cell, it is worth a line: sectors inside an MCU, and the
  // segments of a translation layer.
  void draw_borders() {
    for (const Sector& sector : map_.sectors()) {
      if (is_in_grid(sector)) draw_border(sector.offset, sector.size_bytes);
    }
    for (const Volume& volume : map_.volumes()) {
      if (!volume.log) continue;
      const uint32_t segment_bytes = volume.log->segment_bytes;
      for (uint32_t at = 0; at < volume.size_bytes; at += segment_bytes) {
        draw_border(volume.offset + at, segment_bytes);
      }
    }
  }

  void draw_border(uint32_t offset, uint32_t size_bytes) {
    const Grid& grid = picture_.grid;
    if (size_bytes == grid.cell_bytes) return;
    const double y = panel().y + grid.y_of(offset);
    if (size_bytes >= grid.row_bytes()) {
      rectangle(kLeft - 6, y - 0.75, grid.width() + 6, 1.5, kInk);
    } else {
      rectangle(kLeft + grid.x_of(offset) - 0.75, y, 1.5, grid.pitch, kInk);
    }
  }

  void draw_row_labels() {
    constexpr double kLabelHeight = 15;
    const Grid& grid = picture_.grid;
    uint32_t step = 1;
    while (step * grid.pitch < kLabelHeight) step *= 2;
    if (step > 1) step = std::max(step, 4u);
    for (uint32_t row = 0; row < grid.rows(); row += step) {
      text(kLeft - 10, panel().y + row * grid.pitch + std::min(grid.pitch, 9.0) / 2 + 5, 11,
           in_hex(grid.offset + row * grid.row_bytes()), kFaintInk, false, Anchor::kEnd);
    }
  }

  uint32_t max_in_grid(std::span<const uint32_t> wear) const {
    uint32_t max = 0;
    for (size_t i = 0; i < wear.size(); ++i) {
      if (is_in_grid(map_.sectors()[i])) max = std::max(max, wear[i]);
    }
    return max;
  }

  std::vector<size_t> hottest_of(std::span<const uint32_t> wear) const {
    std::vector<size_t> order;
    for (size_t i = 0; i < wear.size(); ++i) {
      if (wear[i] != 0 && is_in_grid(map_.sectors()[i])) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [wear](size_t a, size_t b) { return wear[a] > wear[b]; });
    order.resize(std::min(order.size(), kHotSpots));
    return order;
  }

  void mark(const std::vector<size_t>& hottest) {
    const Grid& grid = picture_.grid;
    for (const size_t i : hottest) {
      const Sector& sector = map_.sectors()[i];
      const double width = std::min(sector.size_bytes, grid.row_bytes()) * grid.pitch / grid.cell_bytes;
      const double rows = std::max(1u, sector.size_bytes / grid.row_bytes());
      picture_.scene.add(Frame{kLeft + grid.x_of(sector.offset), panel().y + grid.y_of(sector.offset), width,
                               rows * grid.pitch, 2, kMark});
    }
  }

  void wear_legend(const WearScale& scale) {
    constexpr double kBarWidth = 300, kBarHeight = 12;
    constexpr int kSteps = 60;
    const double x = kLeft + 60;
    rectangle(kLeft, y_, 12, kBarHeight, WearScale::none());
    picture_.scene.add(Frame{kLeft, y_, 12, kBarHeight, 1, kLine});
    text(kLeft + 6, y_ + 27, 11, "0", kInk, false, Anchor::kMiddle);
    for (int i = 0; i < kSteps; ++i) {
      rectangle(x + i * kBarWidth / kSteps, y_, kBarWidth / kSteps + 0.5, kBarHeight,
                WearScale::at((i + 0.5) / kSteps));
    }
    for (uint64_t tick = 1; tick <= scale.top(); tick *= 10) {
      const double at = x + kBarWidth * scale.position(static_cast<uint32_t>(tick));
      rectangle(at - 0.5, y_ + kBarHeight, 1, 4, kFaintInk);
      text(at, y_ + 27, 11, in_groups(tick), kInk, false, Anchor::kMiddle);
    }
    const std::string endurance = in_groups(map_.board().part->endurance_cycles);
    text(kLeft, y_ + 50, kSmall, "erases; the datasheet promises " + endurance, kFaintInk);
    y_ += 66;
  }

  void list(const std::vector<size_t>& hottest, std::span<const uint32_t> wear) {
    const double x = kLeft + kGridWidth / 2;
    if (hottest.empty()) return text(x, y_ + 10, kSmall, "Nothing was erased.", kFaintInk);
    picture_.scene.add(Frame{x + 2, y_ + 2, 8, 8, 2, kMark});
    text(x + 20, y_ + 10.5, kSmall, "Hottest sectors", kInk, true);
    y_ += 28;
    for (const size_t i : hottest) {
      const Sector& sector = map_.sectors()[i];
      text(x, y_, kSmall, in_hex(sector.offset), kFaintInk);
      text(x + 150, y_, kSmall, in_groups(wear[i]), kInk, true, Anchor::kEnd);
      text(x + 215, y_, kSmall, in_percent(wear[i], map_.board().part->endurance_cycles), kFaintInk, false,
           Anchor::kEnd);
      text(x + 230, y_, kSmall, shortened(content_of(map_, sector), kMostLettersOfContent), kInk);
      y_ += 17;
    }
    y_ += 6;
  }

  const ChipMap& map_;
  Picture picture_;
  double y_ = 0;
};

std::string cell_line(const Grid& grid, const ChipMap& map) {
  const uint32_t sector = map.sector_at(grid.offset).size_bytes;
  const std::string row = "a row " + in_bytes(grid.row_bytes());
  if (sector == grid.cell_bytes) {
    const auto& volumes = map.volumes();
    const bool has_lines = std::any_of(volumes.begin(), volumes.end(), [sector](const Volume& volume) {
      return volume.log && volume.log->segment_bytes > sector;
    });
    return "a cell is a sector of " + in_bytes(sector) + ", " + row +
           (has_lines ? ", black lines between segments" : "");
  }
  return "a cell is " + in_bytes(grid.cell_bytes) + ", " + row + ", black lines between sectors";
}

std::vector<uint32_t> wear_of(const ChipMap& map) {
  std::vector<uint32_t> wear;
  for (const Sector& sector : map.sectors()) wear.push_back(sector.wear);
  return wear;
}

}  // namespace

std::string content_of(const ChipMap& map, const Sector& sector) {
  std::map<std::string, uint32_t> units_of_name;
  for (uint32_t at = sector.offset; at < sector.offset + sector.size_bytes; at += kUnitBytes) {
    const Unit& unit = map.units()[at / kUnitBytes];
    const std::string& owner = map.owners()[unit.owner].name;
    ++units_of_name[owner.empty() ? std::string(name_of(unit.content)) : printable(owner)];
  }
  std::vector<std::pair<std::string, uint32_t>> order(units_of_name.begin(), units_of_name.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& entry : order) text += (text.empty() ? "" : ", ") + entry.first;
  return text;
}

namespace {

void draw_content(Sheet& sheet, const View& view) {
  const ChipMap& map = view.map;
  sheet.heading("Content", cell_line(sheet.grid(), map));
  sheet.cells([&map](uint32_t unit) { return colour_of(map.units()[unit]); });
  const Totals totals = totals_of(map, 0);
  const double storage_bytes = map.board().storage().size_bytes;
  std::vector<LegendEntry> entries;
  for (const Content content : kContentsOfStorage) {
    const uint64_t bytes = totals.bytes[static_cast<size_t>(content)];
    if (bytes == 0) continue;
    entries.push_back({colour_of(content), std::string(name_of(content)),
                       in_bytes(bytes) + " (" + in_percent(static_cast<double>(bytes), storage_bytes) + ")"});
  }
  if (view.whole_chip) {
    const uint64_t bytes = totals.bytes[static_cast<size_t>(Content::kOutside)];
    entries.push_back(
        {colour_of(Content::kOutside), std::string(name_of(Content::kOutside)), in_bytes(bytes)});
  }
  sheet.legend(entries);
}

void draw_what_changed(Sheet& sheet, const View& view) {
  const Changes& changes = *view.changes;
  const ChipMap& map = view.map;
  sheet.heading("What changed", cell_line(sheet.grid(), map));
  sheet.cells([&changes, &map](uint32_t unit) {
    const bool is_empty =
        changes.units[unit] == Change::kNone && map.units()[unit].content == Content::kBlank;
    return is_empty ? colour_of(Content::kBlank) : colour_of(changes.units[unit]);
  });
  std::vector<LegendEntry> entries;
  for (const Change change : {Change::kFilled, Change::kProgrammed, Change::kRewritten, Change::kErased}) {
    entries.push_back({colour_of(change), std::string(name_of(change)),
                       in_bytes(changes.bytes[static_cast<size_t>(change)])});
  }
  entries.push_back({colour_of(Change::kNone), "unchanged data", ""});
  entries.push_back({colour_of(Content::kBlank), "blank as before", ""});
  sheet.legend(entries);
}

}  // namespace

Picture draw(const View& view) {
  Sheet sheet(view);
  sheet.title(view.subject);
  sheet.strip();
  if (view.changes != nullptr) {
    draw_what_changed(sheet, view);
    if (view.changes->has_wear) sheet.wear(view.changes->wear_added, "Wear added");
    sheet.note(sentence_of(*view.changes));
  } else {
    draw_content(sheet, view);
    sheet.wear(wear_of(view.map), "Wear");
  }
  for (const std::string& remark : remarks_on(view)) sheet.note(remark);
  return sheet.finish();
}

}  // namespace chipmap
