/* media_type.h - the media types of images and of what belongs to them (image-spec, media-types.md; docker's own; cosign's), each spelled once. */
#pragma once

#define INGOT_MT_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INGOT_MT_INDEX "application/vnd.oci.image.index.v1+json"
#define INGOT_MT_CONFIG "application/vnd.oci.image.config.v1+json"
#define INGOT_MT_LAYER "application/vnd.oci.image.layer.v1.tar" /* plain; "+gzip" and "+zstd" behind it */
#define INGOT_MT_EMPTY "application/vnd.oci.empty.v1+json"

#define INGOT_MT_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define INGOT_MT_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

#define INGOT_MT_SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"
#define INGOT_MT_BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define INGOT_MT_STATEMENT "application/vnd.in-toto+json"
