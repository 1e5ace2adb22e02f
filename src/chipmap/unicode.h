// Names of files as people read them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chipmap {

// Of the character that `bytes`, of which there are some, begin with; 0 if that is no UTF-8.
size_t utf8_length(std::string_view bytes);
bool is_utf8(std::string_view bytes);

// A name as a terminal can take it: bytes that are no UTF-8, and characters that control it or turn the
// direction of what follows, as \xNN.
std::string printable(std::string_view name);

// The camera's FatFs knows single bytes of code page 437 only: a name in UTF-8 that a script wrote is stored
// as the characters its bytes have there. Those are taken back; any other name stays what it says.
std::string utf8_of_camera_name(std::u16string_view name);

// Bytes of an old short name: UTF-8 if they can be, else code page 437.
std::string utf8_of_bytes(std::string_view bytes);

}  // namespace chipmap
