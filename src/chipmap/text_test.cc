#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chipmap/json.h"
#include "chipmap/scene.h"
#include "chipmap/unicode.h"
#include "chipmap/words.h"

namespace chipmap {

namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Unicode, KnowsUtf8) {
  for (const char* good : {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x93\xB7"})
    EXPECT_TRUE(is_utf8(good));
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF0\x80\x80\x80", "\xFF", "a\xE2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

// "é" from a script is C3 A9, which FatFs takes for two characters of code page 437.
TEST(Unicode, TakesBackWhatTheCamerasFatFsDid) {
  EXPECT_EQ(utf8_of_camera_name(u"\u251C\u2310.txt"), "\xC3\xA9.txt");
}

TEST(Unicode, LeavesNamesOfAPcAsTheyAre) {
  EXPECT_EQ(utf8_of_camera_name(u"\u00E9.txt"), "\xC3\xA9.txt");
  EXPECT_EQ(utf8_of_camera_name(u"\u65E5"), "\xE6\x97\xA5");
  EXPECT_EQ(utf8_of_camera_name(u"\xD83D\xDCF7"), "\xF0\x9F\x93\xB7");
  EXPECT_EQ(utf8_of_camera_name(u"plain"), "plain");
  EXPECT_EQ(utf8_of_camera_name(u""), "");
}

TEST(Unicode, HalfAPairIsReplaced) {
  EXPECT_EQ(utf8_of_camera_name(std::u16string(1, char16_t{0xD83D}) + u"x"), "\xEF\xBF\xBDx");
  EXPECT_EQ(utf8_of_camera_name(std::u16string(1, char16_t{0xDC00})), "\xEF\xBF\xBD");
}

TEST(Unicode, BytesAreCodePage437IfTheyAreNotUtf8) {
  EXPECT_EQ(utf8_of_bytes("caf\x82"), "caf\xC3\xA9");
  EXPECT_EQ(utf8_of_bytes("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(Words, LinesAreWrappedAndNothingIsLost) {
  using testing::ElementsAre;
  EXPECT_THAT(wrapped("", 5), ElementsAre(""));
  EXPECT_THAT(wrapped("ab cd", 5), ElementsAre("ab cd"));
  EXPECT_THAT(wrapped("ab cde", 5), ElementsAre("ab", "cde"));
  EXPECT_THAT(wrapped("abcde f", 5), ElementsAre("abcde", "f"));
  EXPECT_THAT(wrapped("abcdefgh i", 5), ElementsAre("abcde", "fgh i"));
  EXPECT_THAT(wrapped("\u00E9\u00E9\u00E9", 2), ElementsAre("\u00E9\u00E9", "\u00E9"));
  EXPECT_EQ(shortened("\u00E9\u00E9\u00E9", 2), "\u00E9\u00E9...");
  EXPECT_EQ(shortened("\u00E9\u00E9", 2), "\u00E9\u00E9");
}

TEST(Xml, EscapesWhatItMust) {
  EXPECT_EQ(xml_escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
  EXPECT_EQ(xml_escaped("\x01\n"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(is_utf8(xml_escaped("\xFF\xFE")));
}

TEST(Json, EscapesWhatItMust) {
  EXPECT_EQ(json_quoted("a\"\\"), "\"a\\\"\\\\\"");
  EXPECT_EQ(json_quoted("</script>&\n"), "\"\\u003c/script>\\u0026\\u000a\"");
  EXPECT_TRUE(is_utf8(json_quoted("\xFF")));
}

TEST(Svg, WritesShapesAndEscapesText) {
  Scene scene;
  scene.width = 100;
  scene.height = 50.5;
  scene.add(Rectangle{1, 2, 3.25, 4, Colour::of(0x0072B2)});
  scene.add(Text{5, 6, 12, "<&>", Colour::of(0), Anchor::kEnd, true});
  const std::string svg = svg_of(scene);
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 100 50.5\""));
  EXPECT_THAT(svg, HasSubstr("<rect x=\"1\" y=\"2\" width=\"3.25\" height=\"4\" fill=\"#0072b2\"/>"));
  EXPECT_THAT(svg, HasSubstr("&lt;&amp;&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("<&>")));
}

}  // namespace

}  // namespace chipmap
