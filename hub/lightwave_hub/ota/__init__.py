"""Updates over the air: images, their signatures, their distribution."""
