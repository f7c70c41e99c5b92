// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// value_text.hpp: arguments and answers as text
//
// By operator<< where there is one; optionals, pairs, tuples and ranges by their parts; anything
// else as its bytes.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace caiman::model::machine {

template <class T>
concept printed = requires(std::ostream& to, const T& value) {
  to << value;
};
template <class T>
concept maybe = requires(const T& value) {
  value.has_value();
  *value;
};
template <class T>
concept several = requires(const T& value) {
  std::tuple_size<T>::value;
};
template <class T>
concept listed = requires(const T& value) {
  value.begin();
  value.end();
};

template <class T>
std::string text_of_value(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::same_as<T, std::nullptr_t>) {
    return "null";
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    return '"' + std::string(std::string_view(value)) + '"';
  } else if constexpr (printed<T>) {
    std::ostringstream text;
    text << value;
    return text.str();
  } else if constexpr (maybe<T>) {
    return value.has_value() ? text_of_value(*value) : "none";
  } else if constexpr (several<T>) {
    std::string all;
    std::apply(
        [&](const auto&... each) {
          ((all += (all.empty() ? "" : ", ") + text_of_value(each)), ...);
        },
        value);
    return '(' + all + ')';
  } else if constexpr (listed<T>) {
    std::string all;
    for (const auto& each : value) all += (all.empty() ? "" : ", ") + text_of_value(each);
    return '[' + all + ']';
  } else {
    static constexpr char digits[] = "0123456789abcdef";
    std::string all = "0x";
    const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
    for (std::size_t i = sizeof(T); i-- > 0;) {
      all += digits[bytes[i] >> 4];
      all += digits[bytes[i] & 15];
    }
    return all;
  }
}

}  // namespace caiman::model::machine
