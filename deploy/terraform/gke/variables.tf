variable "project" {
  description = "Project that everything is made in."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
  default     = "europe-west1"
}

variable "name" {
  description = "Name of the cluster and of the release."
  type        = string
  default     = "puntual"
}

variable "image_repository" {
  description = "Image that holds a model, in a registry that the project's nodes may read."
  type        = string
}

variable "image_tag" {
  description = "Its tag."
  type        = string
}

variable "model" {
  description = "NAME or NAME/VERSION of the model in the image; empty for the only one."
  type        = string
  default     = ""
}

variable "model_bucket" {
  description = "Bucket that the service's account may read, for an init container that fetches models; empty: none."
  type        = string
  default     = ""
}

variable "max_replicas" {
  description = "Pods at the highest peak; docs/capacity.md has the arithmetic."
  type        = number
  default     = 10
}

variable "deletion_protection" {
  description = "Terraform refuses to delete the cluster while this is true."
  type        = bool
  default     = true
}
