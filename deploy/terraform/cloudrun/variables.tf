variable "project" {
  description = "Project that everything is made in."
  type        = string
}

variable "region" {
  description = "Region of the service and the registry."
  type        = string
  default     = "europe-west1"
}

variable "name" {
  description = "Name of the service, and the beginning of other names."
  type        = string
  default     = "puntual"
}

variable "image_tag" {
  description = "Tag of the image in the registry made here. The image holds a model: target `demo`, or FROM the service."
  type        = string
}

variable "model" {
  description = "NAME or NAME/VERSION of the model in the image; empty for the only one."
  type        = string
  default     = ""
}

variable "invokers" {
  description = "Who may call: `serviceAccount:...`, `group:...`. Nobody else gets in, and `allUsers` is refused."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setintersection(var.invokers, ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "The service is for systems that are named: allUsers and allAuthenticatedUsers are refused."
  }
}

variable "ingress" {
  description = "Where requests may come from: INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER."
  type        = string
  default     = "INGRESS_TRAFFIC_ALL"
}

variable "min_instances" {
  description = "Instances that are always there: one spares the first caller a start."
  type        = number
  default     = 1
}

variable "peak_per_second" {
  description = "The highest rate of single predictions that must be answered; see `max_instances` in main.tf."
  type        = number
  default     = 20000
}

variable "keys_secret_version" {
  description = "Version of the secret NAME-keys, a key file as --auth keys:FILE takes it; empty for callers by IAM alone."
  type        = string
  default     = ""
}

variable "collector_image" {
  description = "OpenTelemetry collector that takes the pushed metrics on port 4318 and writes them to Cloud Monitoring; empty: none are pushed."
  type        = string
  default     = "us-docker.pkg.dev/cloud-ops-agents-artifacts/google-cloud-opentelemetry-collector/otelcol-google:0.131.0"
}

variable "github_repository" {
  description = "OWNER/REPOSITORY whose workflow on a version tag may push images and deploy; empty: nobody but people."
  type        = string
  default     = ""
}

variable "notification_channels" {
  description = "Channels of Cloud Monitoring that alerts go to."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Terraform refuses to delete the service while this is true."
  type        = bool
  default     = true
}
