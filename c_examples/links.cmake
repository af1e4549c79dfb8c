# The links beside libotc.so: its soname, which programs look for when they start, and the library name of the vendor's SDK.
# They are left alone when they are right, so that a program that starts meanwhile never misses them.
foreach(link IN ITEMS "${SONAME}" libopentok.so)
  set(points_to "")
  if(IS_SYMLINK "${DIRECTORY}/${link}")
    file(READ_SYMLINK "${DIRECTORY}/${link}" points_to)
  endif()
  if(NOT points_to STREQUAL "libotc.so")
    file(CREATE_LINK libotc.so "${DIRECTORY}/${link}" SYMBOLIC)
  endif()
endforeach()
