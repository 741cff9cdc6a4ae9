# A file as bytes of a program: `name`, an array of unsigned char, made from
# `file` when that changes. Needs no tool but CMake.
#
#   pellucid_embed(pellucid_render kPageTemplate web/dist/page.html)

set(PELLUCID_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake)

function(pellucid_embed target name file)
  set(input ${PROJECT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cc)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DINPUT=${input} -DOUTPUT=${output}
            -P ${PELLUCID_EMBED_SCRIPT}
    DEPENDS ${input} ${PELLUCID_EMBED_SCRIPT}
    COMMENT "Embedding ${file}"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
