// ---------------------------------------------------------------------------------------------
// heap_picture.hpp: how an arena lies, as a picture
//
// Fragmentation is a matter of where, and numbers do not say where. So the extents of occupancy.hpp
// become one SVG, without scripts or anything from elsewhere, that a browser shows as it is. Of all
// headers the one whose code is not in it: it is in the library `caiman`, so that a program that
// draws nothing carries nothing.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "caiman/occupancy.hpp"

namespace caiman {

/// What stands in the picture besides the extents.
struct heap_picture_options {
  /// Stands above the picture; shown as it is, whatever is in it.
  std::string_view title = "arena";
  /// Bytes of a block of order 0, for the axis and the labels; at least 1.
  std::size_t min_block_size = 1;
};

/// Columns of the picture. Blocks that are narrower than a few of them are not drawn one by one: a
/// column shows how much of it they take.
inline constexpr std::size_t heap_picture_columns = 1024;

/// The picture as a whole SVG document: a strip for all orders together, one row per order, free
/// and live, with numbers; from left to right by address. `all` as `extents_of` gives them: sorted,
/// without gaps, of orders up to 32. O(extents + orders * columns); the size of the document is
/// bounded by the latter, below 64 bytes each, 2 MiB at most. Thread-safe. Throws std::bad_alloc.
[[nodiscard]] std::string heap_picture(std::span<const extent> all,
                                       const heap_picture_options& options = {});

}  // namespace caiman

#endif  // CAIMAN_REQUIREMENTS_MET
