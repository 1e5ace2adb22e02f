#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

#include "chipmap/scene.h"

extern "C" {
#include "font_petme128_8x8.h"
}

namespace chipmap {

namespace {

constexpr int kGlyphPixels = 8;
constexpr char kFirstGlyph = 32, kLastGlyph = 126;

// The columns of a glyph that are not empty, each a byte with the top pixel in bit 0.
std::span<const uint8_t> glyph_of(char c) {
  const std::span glyph(&font_petme128_8x8[(c - kFirstGlyph) * kGlyphPixels], kGlyphPixels);
  if (c == ' ') return glyph.first(3);
  size_t begin = 0, end = glyph.size();
  while (begin < end && glyph[begin] == 0) ++begin;
  while (end > begin && glyph[end - 1] == 0) --end;
  return glyph.subspan(begin, end - begin);
}

// One '?' for each character that the font has not.
std::string in_ascii(const std::string& utf8) {
  std::string text;
  for (const char c : utf8) {
    const bool continues = (static_cast<uint8_t>(c) & 0xC0) == 0x80;
    if (!continues) text += c >= kFirstGlyph && c <= kLastGlyph ? c : '?';
  }
  return text;
}

class Raster {
 public:
  Raster(const Scene& scene, uint32_t pixels)
      : scale_(pixels),
        width_(to_pixel(scene.width)),
        height_(to_pixel(scene.height)),
        colours_(static_cast<size_t>(width_) * static_cast<size_t>(height_), scene.background) {}

  int width() const { return width_; }
  int height() const { return height_; }
  const Colour* row(int y) const { return &colours_[static_cast<size_t>(y) * static_cast<size_t>(width_)]; }

  void draw(const Rectangle& r) {
    fill(to_pixel(r.x), to_pixel(r.y), to_pixel(r.x + r.width), to_pixel(r.y + r.height), r.colour);
  }

  void draw(const Frame& f) {
    const int x0 = to_pixel(f.x), y0 = to_pixel(f.y), x1 = to_pixel(f.x + f.width),
              y1 = to_pixel(f.y + f.height);
    const int line = std::max(1, to_pixel(f.line_width));
    fill(x0 - line, y0 - line, x1 + line, y0, f.colour);
    fill(x0 - line, y1, x1 + line, y1 + line, f.colour);
    fill(x0 - line, y0, x0, y1, f.colour);
    fill(x1, y0, x1 + line, y1, f.colour);
  }

  void draw(const Text& t) {
    const std::string text = in_ascii(t.text);
    // The font's capitals fill seven of its eight rows; those of a usual font, 0.72 of its size.
    const int dot = std::max(1, static_cast<int>(std::lround(t.size * scale_ * 0.72 / 7)));
    int width = 0;
    for (const char c : text) width += advance(c, dot);
    int x = to_pixel(t.x);
    if (t.anchor == Anchor::kMiddle) x -= width / 2;
    if (t.anchor == Anchor::kEnd) x -= width;
    const int top = to_pixel(t.y) - 7 * dot;
    for (const char c : text) {
      draw_glyph(c, x, top, dot, t.colour);
      x += advance(c, dot);
    }
  }

 private:
  int to_pixel(double at) const { return static_cast<int>(std::lround(at * scale_)); }

  static int advance(char c, int dot) { return (static_cast<int>(glyph_of(c).size()) + 1) * dot; }

  void draw_glyph(char c, int x, int y, int dot, Colour colour) {
    for (const uint8_t column : glyph_of(c)) {
      for (int row = 0; row < kGlyphPixels; ++row) {
        if ((column >> row & 1) != 0) fill(x, y + row * dot, x + dot, y + (row + 1) * dot, colour);
      }
      x += dot;
    }
  }

  // What lies outside of the picture is left out.
  void fill(int x0, int y0, int x1, int y1, Colour colour) {
    x0 = std::clamp(x0, 0, width_);
    x1 = std::clamp(x1, x0, width_);
    for (int y = std::max(y0, 0); y < std::min(y1, height_); ++y) {
      const auto begin = colours_.begin() + static_cast<ptrdiff_t>(y) * width_;
      std::fill(begin + x0, begin + x1, colour);
    }
  }

  double scale_;
  int width_, height_;
  std::vector<Colour> colours_;
};

void append_to_string(png_structp png, png_bytep data, png_size_t length) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(data), length);
}

// libpng's only failure here is to find no memory, and that ends the program anywhere else, too.
[[noreturn]] void give_up(png_structp, png_const_charp) {
  std::abort();
}

std::string encode(const Raster& raster) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, give_up, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, append_to_string, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(raster.width()), static_cast<png_uint_32>(raster.height()),
               8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  static_assert(sizeof(Colour) == 3);
  for (int y = 0; y < raster.height(); ++y) {
    png_write_row(png, reinterpret_cast<png_const_bytep>(raster.row(y)));
  }
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

}  // namespace

std::string png_of(const Scene& scene, uint32_t pixels) {
  Raster raster(scene, pixels);
  for (const Shape& shape : scene.shapes) {
    std::visit([&raster](const auto& which) { raster.draw(which); }, shape);
  }
  return encode(raster);
}

}  // namespace chipmap
